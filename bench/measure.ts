export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

/** One line of JSON for bench/run.ts. */
export function printResult(result: {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly aim: string;
  readonly ours: number;
  readonly peer: number;
}): void {
  const { value, ours, peer, ...others } = result;
  console.log(JSON.stringify({ ...others, value: rounded(value), ours: rounded(ours), peer: rounded(peer) }));
}

/** Runs the contenders in turns, so that what disturbs the machine disturbs all of them, and gives the median time of each, in seconds. */
export async function inTurns<K extends string>(
  runs: number,
  contenders: Readonly<Record<K, () => Promise<number>>>,
): Promise<Record<K, number>> {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let run = 0; run < runs; run += 1) {
    for (const name of Object.keys(contenders) as K[]) {
      const seconds = await contenders[name]();
      times[name].push(seconds);
      console.error(`  ${name}: ${seconds.toFixed(2)} s`);
    }
  }
  return Object.fromEntries(Object.entries<number[]>(times).map(([name, values]) => [name, median(values)])) as Record<K, number>;
}

/** How long a piece of work takes, in seconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
