/**
 * How often something random is tried. In `npm test` a few times, which finds what is broken as such; test/long/many-times.test.ts runs all files
 * that ask here once more, many times over, for what only rare values show.
 */
export const times = (few: number, many: number): number => (process.env.DYN_DATA_MANY_TIMES === '1' ? many : few);
