import { createBuildSnapshot, createPolicyTools } from '../../builder/index.ts';
import { failureOf } from '../../registry/failure.ts';
import { type RegistryProgram, runRegistry } from '../../registry/run.ts';

type Build = RegistryProgram['createBuildSnapshot'];

/** The registry's program in this process: all but what its main file does with signals and the exit status. */
export type RegistryHere = {
  /** Where it listens, once it does. @throws where it ended before */
  readonly listening: Promise<string>;
  /** The status that its process would end with. */
  readonly exit: Promise<number>;
  /** What it printed, and what it wrote to standard error. */
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  /** As SIGTERM does. Gives the exit status. */
  stop(): Promise<number>;
};

/** @param options.build in the real builder's place */
export function startRegistryHere(
  commandLine: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly build?: Build } = {},
): RegistryHere {
  const stopping = new AbortController();
  let [stdout, stderr] = ['', ''];
  let tellListening: (line: string) => void = () => undefined;
  const printed = new Promise<string>((resolve) => {
    tellListening = resolve;
  });
  const log = {
    write: (text: string) => {
      stderr += text;
    },
  };
  const exit = runRegistry({
    commandLine,
    environment: options.env ?? {},
    createBuildSnapshot: options.build ?? createBuildSnapshot,
    createPolicyTools,
    chunkCodec: 'none',
    print: (line) => {
      stdout += `${line}\n`;
      tellListening(line);
    },
    log,
    signal: stopping.signal,
  }).then(
    () => 0,
    (thrown: unknown) => {
      const { text, exitCode } = failureOf(thrown);
      stderr += text;
      return exitCode;
    },
  );
  const listening = Promise.race([
    printed.then((line): string => JSON.parse(line).listening),
    exit.then((): never => {
      throw new Error(`The registry ended: ${stderr}`);
    }),
  ]);
  // Whoever waits for its end only does not ask.
  listening.catch(() => undefined);
  return {
    listening,
    exit,
    output: () => ({ stdout, stderr }),
    stop() {
      stopping.abort();
      return exit;
    },
  };
}
