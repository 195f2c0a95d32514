import type { Confirm } from './confirmation.ts';
import type { ReadHidden } from './hidden-input.ts';
import type { Output } from './output.ts';
import type { Runner } from './process.ts';

/** What every command is given by the main file instead of reaching for globals. */
export type Context = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the folder the command was started in. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly output: Output;
  readonly processes: Runner;
  /** This process, and whether another one on this machine lives. */
  readonly process: { readonly pid: number; readonly host: string; isAlive(pid: number): boolean };
  readonly now: () => Date;
  /** A secret from whoever runs the command. */
  readonly readHidden: ReadHidden;
  /** Yes or no from whoever runs the command, where that is somebody. */
  readonly confirm: Confirm;
  /** Value of the global option --config. */
  readonly configFile: string | undefined;
};
