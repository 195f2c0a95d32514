import { formatDuration } from './format.ts';

/** `wait` for what it depends on, `start`, `health`; of a restore `look`, `schema`, `rows`, `keys`, `restart`, `count`. */
type StepName = 'wait' | 'start' | 'health' | 'look' | 'schema' | 'rows' | 'keys' | 'restart' | 'count';
export type Step = { readonly step: StepName; readonly durationMs: number };

/** Says that the step before is over and this one begins. */
export type BeginStep = (step: StepName) => void;

/** What something takes its time for, one step after the other. */
export type Steps = { readonly begin: BeginStep; end(): Step[] };

export function createSteps(now: () => Date): Steps {
  const begun: { readonly step: StepName; readonly atMs: number }[] = [];
  return {
    begin: (step) => void begun.push({ step, atMs: now().getTime() }),
    end() {
      const endMs = now().getTime();
      return begun.map(({ step, atMs }, index) => ({ step, durationMs: (begun[index + 1]?.atMs ?? endMs) - atMs }));
    },
  };
}

/** The steps that can be felt, in their order. */
export function formatSteps(steps: readonly Step[]): string {
  const felt = steps.filter(({ durationMs }) => durationMs >= 50);
  return felt.map(({ step, durationMs }) => `${step} ${formatDuration(durationMs)}`).join(', ');
}
