import type { LiveSource } from '../../anonymizers/index.ts';
import { connectAll } from '../build.ts';
import type { BuildEnvironment } from '../environment.ts';
import type { SourceSession } from '../extraction.ts';

export type LiveSystem = readonly { readonly session: SourceSession; readonly live: LiveSource }[];

/** Opens all sources of an environment at their points in time, describes them, does `work` and closes them. */
export async function withLiveSystem<T>(
  environment: BuildEnvironment,
  signal: AbortSignal,
  work: (sources: LiveSystem) => Promise<T>,
): Promise<T> {
  const connect = await environment.connect();
  await using sessions = await connectAll(connect, signal);
  await Promise.all(sessions.open.map((session) => session.openPoint(signal)));
  const described = await Promise.all(sessions.open.map((session) => session.describe(signal)));
  // Awaited here: on leaving, the connections end.
  return await work(sessions.open.map((session, index) => ({ session, live: (described[index] as (typeof described)[number]).live })));
}
