import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { demoFolder, stateFile } from './layout.ts';

/** What a run of the demo leaves for the next one and for `--down`. */
export type DemoState = {
  readonly images: Readonly<Record<string, string>>;
  readonly registryPid?: number;
  readonly pulledImages: readonly string[];
  /** Results of the long proofs, shown again by a later run of the same size: `size` → lines. */
  readonly longProofs: Readonly<Record<string, readonly LongProof[]>>;
};
export type LongProof = { readonly number: number; readonly holds: boolean; readonly text: string };

export async function readState(): Promise<DemoState | undefined> {
  const text = await readFile(stateFile, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DemoState);
}

export async function writeState(state: DemoState): Promise<void> {
  await mkdir(demoFolder, { recursive: true });
  await writeFile(stateFile, `${JSON.stringify(state, null, 2)}\n`);
}
