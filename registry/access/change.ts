import { type AuditEvent, type AuditLog, toDynDataError } from '../../core/index.ts';

/**
 * Makes a change of state that is recorded first, so that nothing changes which the audit log does not hold: where the entry cannot be
 * written, the change is not made. A change that then fails gets a second entry which says so. A process that dies in between leaves an
 * entry of a change that was not made, never a change without one.
 */
export type Change = <T>(event: ChangeEvent, make: () => Promise<T>) => Promise<T>;
export type ChangeEvent = Pick<AuditEvent, 'action' | 'target' | 'from' | 'to'>;

export function createChange(audit: Pick<AuditLog, 'append'>, who: Pick<AuditEvent, 'actor' | 'address' | 'requestId'>): Change {
  return async (event, make) => {
    const { number } = await audit.append({ ...who, ...event });
    try {
      return await make();
    } catch (error) {
      const { action, target } = event;
      // The change's own error is the answer, whether or not this can be recorded: the log then claims too much rather than too little.
      await audit.append({ ...who, action, target, failure: { number, code: toDynDataError(error).code } }).catch(() => undefined);
      throw error;
    }
  };
}
