/**
 * What a server counts of its writes, as it was when a restore had ended; kept in the marker. `kind` says whose counts they are. Whoever reads it
 * later compares it with what the server counts then.
 */
export type Changes = Readonly<Record<string, string>>;

/** Whether data was changed: `unknown` where the server cannot tell for certain, never `no` where it was. */
export type Changed = 'yes' | 'no' | 'unknown';
