import type { Container, Engine } from './engine.ts';

/** An event should have come before; where one was lost, this is how late its change is seen. */
const pauseMs = 10_000;
/** Likewise where no events are heard: at first, and after they broke off. */
const deafPauseMs = 700;

export type Look = {
  readonly containers: readonly Container[];
  /** How many changes had been told of before this look. */
  readonly changes: number;
};

/** The containers of a compose project, watched for all who wait for one of them. Disposing ends the watching. */
export type ProjectContainers = AsyncDisposable & {
  /** As they are when this is called, or later; those who ask while a look is under way share the next one. @throws DynDataError ENGINE_FAILED */
  look(): Promise<Look>;
  /** Of the last look. */
  seen(): readonly Container[];
  /** Resolves when something may be otherwise than that look saw it, at the latest after `limitMs`. */
  change(since: Look, limitMs: number): Promise<void>;
};

export function createProjectContainers(engine: Pick<Engine, 'containers' | 'events'>, project: string): ProjectContainers {
  const closed = new AbortController();
  let waiting: (() => void)[] = [];
  let changes = 0;
  let atMostMs = deafPauseMs;
  let seen: readonly Container[] = [];
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Look> | undefined;
  let events: Promise<void> | undefined;
  let isDeaf = false;

  /** Who waits looks again, all at once. */
  const wake = (): void => {
    changes += 1;
    atMostMs = isDeaf ? deafPauseMs : pauseMs;
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  const listen = async (): Promise<void> => {
    await engine.events(project, wake, closed.signal).catch(() => undefined);
    isDeaf = true;
    wake();
  };
  return {
    look() {
      next ??= running.then(async () => {
        next = undefined;
        const before = changes;
        seen = await engine.containers(project);
        return { containers: seen, changes: before };
      });
      running = next.catch(() => undefined);
      return next;
    },
    seen: () => seen,
    async change(since, limitMs) {
      events ??= listen();
      if (since.changes !== changes) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, Math.min(limitMs, atMostMs));
        waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
    async [Symbol.asyncDispose]() {
      closed.abort();
      await events;
    },
  };
}
