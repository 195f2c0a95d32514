const start = Date.UTC(2021, 0, 4);
const daySeconds = 86_400;
/** The sample ends on 1 May 2024: nothing in it depends on the day it is made. */
const days = 1_213;

const at = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();

/** A rolled number as a moment of the sample's time, `YYYY-MM-DD HH:MM:SS`, UTC. */
export const momentOf = (rolled: number): string =>
  at(rolled % (days * daySeconds))
    .slice(0, 19)
    .replace('T', ' ');

/** A rolled number as a day, `YYYY-MM-DD`. */
export const dayOf = (rolled: number): string => at((rolled % days) * daySeconds).slice(0, 10);

/** The moment of the `index`th of `count` events that follow each other through the whole time. */
export const momentOfSequence = (index: number, count: number): string =>
  at(Math.floor((index / count) * days * daySeconds))
    .slice(0, 19)
    .replace('T', ' ');

/** Digits after the decimal point of the seconds; may be all zero. */
export const fraction = (rolled: number, digits: number): string => String(rolled % 10 ** digits).padStart(digits, '0');
