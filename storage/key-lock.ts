/** What a holder of a lock has. */
export type HeldLock = {
  /** Fires when the lock is lost or may be: work under it must stop. Also when the caller's own signal fires. */
  readonly signal: AbortSignal;
  /** @throws CONFLICT where somebody else may have held the lock since it was taken. */
  confirm(): Promise<void>;
};

/**
 * One holder at a time for each key, over all processes that use the same lock.
 *
 * A lock is held for a limited time and renewed: one whose holder died is free again after a while. So a holder that is halted for longer
 * than that (a suspended machine) is not the only one when it goes on. It learns so by its signal and by `confirm`, which it calls after its
 * work: nobody else can have worked meanwhile if it still holds the lock then.
 * @throws DynDataError STORAGE_UNREACHABLE where what keeps the locks does not answer, or the key stays locked for too long; CANCELLED.
 */
export type KeyLock = {
  /** Runs `work` once the key is free, and frees it after. */
  hold<T>(key: string, work: (held: HeldLock) => Promise<T>, signal?: AbortSignal): Promise<T>;
};
