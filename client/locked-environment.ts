import { DynDataError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { type Lockfile, lockfileName, type StackLock } from './lockfile.ts';
import type { Choice } from './snapshot-choice.ts';
import type { StackImage } from './stack-images.ts';

/** What an environment would be made of now. */
export type Environment = {
  readonly choice: Pick<Choice, 'repository' | 'digest' | 'reference'>;
  readonly images: Readonly<Record<string, StackImage>>;
};

/** The lock that `--locked` holds to. @throws DynDataError LOCK_MISSING */
export function requireStackLock(lock: Lockfile | undefined): StackLock {
  if (lock?.version === 2) return lock;
  throw new DynDataError(
    'LOCK_MISSING',
    lock === undefined
      ? `There is no ${lockfileName} beside dyn-data.yaml, so nothing says what is allowed. Write it with \`dyn-data pin TAG\` and commit it. Nothing was started.`
      : `${lockfileName} has version 1, which says nothing of the stack's images, the policy and the key. Write it anew with \`dyn-data pin\` and commit it. Nothing was started.`,
  );
}

/** Every way in which an environment is not the locked one, one line each. */
export function lockDifferences(lock: StackLock, { choice, images }: Environment): string[] {
  const differences: string[] = [];
  if (choice.repository !== lock.repository) differences.push(`repository: locked ${lock.repository}, here ${choice.repository}`);
  if (choice.digest !== lock.digest)
    differences.push(`data: locked ${lock.digest} (${lock.reference}), here ${choice.digest} (${choice.reference})`);
  for (const service of [...new Set([...Object.keys(lock.images), ...Object.keys(images)])].sort()) {
    const [locked, found] = [lock.images[service], images[service]];
    if (!locked) differences.push(`service ${service}: not in the lock, here with ${found?.image}`);
    else if (!found) differences.push(`service ${service}: locked with ${locked.image}, not in the stack here`);
    else if (locked.digest !== found.digest)
      differences.push(`image of ${service}: locked ${locked.image} ${locked.digest}, here ${found.image} ${found.digest}`);
  }
  return differences;
}

/** How the manifest of the locked data is not what the lock says of it: a lock that was edited. */
export function manifestDifferences(lock: StackLock, { policy, key }: Pick<Manifest, 'policy' | 'key'>): string[] {
  return [
    ...(policy.digest === lock.policy ? [] : [`policy: locked ${lock.policy}, the data has ${policy.digest}`]),
    ...(key.id === lock.key ? [] : [`key: locked ${lock.key}, the data has ${key.id}`]),
  ];
}

/** @throws DynDataError LOCK_MISMATCH where there are any */
export function requireLocked(differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw new DynDataError(
    'LOCK_MISMATCH',
    `This environment is not the one that ${lockfileName} pins; the differences are below. Nothing was started. Go back to what is pinned (an image can be named by its digest in the compose file), or pin what is here with \`dyn-data pin\` and have the change reviewed.`,
    { details: differences },
  );
}
