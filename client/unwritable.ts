import { DynDataError } from '../core/errors.ts';

const withoutRoom = ['ENOSPC', 'EDQUOT'];
const withoutRight = ['EACCES', 'EPERM', 'EROFS'];

/** What the system says of a place that cannot be written, where a person can do something about it; undefined where it is a defect. */
export function unwritable(place: string, cause: unknown): DynDataError | undefined {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (withoutRoom.includes(code)) {
    return new DynDataError(
      'DISK_FULL',
      `There is no room left on the disk of ${place}. Make room there, then run the command again: it goes on with what is done.`,
      { cause },
    );
  }
  if (!withoutRight.includes(code)) return undefined;
  return new DynDataError('ACCESS_DENIED', `${place} cannot be written (${code}). Let this user write there, then run the command again.`, {
    cause,
  });
}
