import type { Job, JobFilter, JobKind, JobState } from '../../core/index.ts';

export function isWanted(job: Job, { state, kind, environment }: JobFilter): boolean {
  return (
    (state === undefined || job.state === state) &&
    (kind === undefined || job.kind === kind) &&
    (environment === undefined || job.environment === environment)
  );
}

export function countJobs(jobs: readonly Pick<Job, 'kind' | 'state'>[]): { kind: JobKind; state: JobState; count: number }[] {
  const counts = new Map<string, { kind: JobKind; state: JobState; count: number }>();
  for (const { kind, state } of jobs) {
    const known = counts.get(`${kind} ${state}`);
    if (known) known.count += 1;
    else counts.set(`${kind} ${state}`, { kind, state, count: 1 });
  }
  return [...counts.values()];
}
