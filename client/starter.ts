import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Compose } from './compose.ts';

/**
 * Starts services through compose, one `docker compose up` at a time: two at once would both create the project's networks and volumes.
 * Whatever is asked for while one runs goes together into the next.
 */
export function createStarter(compose: Pick<Compose, 'start'>): (service: string) => Promise<void> {
  let waiting: string[] = [];
  let next: Promise<void> | undefined;
  let running: Promise<unknown> = Promise.resolve();
  return (service) => {
    waiting.push(service);
    if (next) return next;
    next = running.then(async () => {
      // A turn later, so that all who became ready at the same moment are in it.
      await nextTurn();
      const services = [...new Set(waiting)].sort();
      waiting = [];
      next = undefined;
      await compose.start(services);
    });
    running = next.catch(() => undefined);
    return next;
  };
}
