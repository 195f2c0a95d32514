/** The names of everything in Redis. The braces put all of them on one node of a cluster, which scripts over several keys need. */
export function createKeys(prefix: string) {
  const root = `{${prefix}}`;
  return {
    /** Prefix of BullMQ's own keys. */
    bull: `${root}:bull`,
    /** Hash of one job: `json`, `rev`, `state`, `kind`, `order`, `failures`, `cancel`, `waited`, `logged`. */
    job: (id: string) => `${root}:job:${id}`,
    log: (id: string) => `${root}:log:${id}`,
    /** Sorted set of job ids by the order of their creation. */
    jobs: `${root}:jobs`,
    order: `${root}:order`,
    lease: (resource: string) => `${root}:lease:${resource}`,
    /** Jobs that wait for resources: by order, by when they last asked, and what they want. */
    waiting: `${root}:waiting`,
    asked: `${root}:asked`,
    wanted: `${root}:wanted`,
    changes: `${root}:changes`,
    cancels: `${root}:cancels`,
  };
}
export type Keys = ReturnType<typeof createKeys>;
