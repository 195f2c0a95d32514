import type { DynDataError } from '../core/errors.ts';

/** Where text goes; `columns` is absent where the stream is no terminal. */
export type TextSink = { write(text: string): void; readonly isTerminal: boolean; readonly columns: number | undefined };

/**
 * Everything the client prints. Results go to standard output; what happens meanwhile and errors go to standard error, so a pipe gets
 * results only. With `json` there is one document on standard output, or one error object on standard error, and nothing else; unless
 * `events` are asked for, which are one document a line on standard error.
 */
export type Output = {
  readonly json: boolean;
  /** Whether somebody watches `live`. */
  readonly isTerminal: boolean;
  /** Width of the terminal that results go to; undefined in a pipe, where nothing is cut. */
  readonly columns: number | undefined;
  /** One line about what just happened. */
  note(line: string): void;
  /** A line that stays at the terminal's bottom under this key and is replaced in place; undefined removes it. No terminal: nothing. */
  live(key: string, line: string | undefined): void;
  /** How far something is, for programs. */
  progress(state: Progress): void;
  /** The command's result, for people or as JSON. */
  result(text: string, value: unknown): void;
  /** One of many lines of a result that may have no end; as JSON a document of its own. */
  line(text: string, value: unknown): void;
  error(error: DynDataError): void;
};

/** Bytes are those of the canonical encoding. */
export type Progress = {
  readonly service: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly doneRows: number;
  readonly totalRows: number;
};

export type OutputOptions = {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly json: boolean;
  readonly events: boolean;
  /** False under NO_COLOR. */
  readonly color: boolean;
  readonly now: () => Date;
};

const defaultColumns = 80;
const eventEveryMs = 1_000;
const clearLine = '\u001b[2K';
const up = '\u001b[1A';

export function createOutput({ stdout, stderr, json, events, color, now }: OutputOptions): Output {
  const lives = new Map<string, string>();
  let shown = 0;
  const erase = (): string => `${up}${clearLine}`.repeat(shown);
  const draw = (text: string): void => {
    const width = Math.max(20, (stderr.columns || defaultColumns) - 1);
    const lines = [...lives.values()].map((line) => line.slice(0, width));
    stderr.write(`${erase()}${text}${lines.map((line) => `${line}\n`).join('')}`);
    shown = lines.length;
  };
  const paint = (code: string, text: string): string => (color && stderr.isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);
  const event = (of: object): void => {
    if (events) stderr.write(`${JSON.stringify({ version: 1, at: now().toISOString(), ...of })}\n`);
  };
  /** When each service's progress was told of last. */
  const toldMs = new Map<string, number>();
  return {
    json,
    isTerminal: stderr.isTerminal,
    columns: stdout.isTerminal ? stdout.columns || defaultColumns : undefined,
    note(line) {
      event({ event: 'note', text: line });
      if (!json) draw(`${line}\n`);
    },
    progress(state) {
      const ms = now().getTime();
      const isDone = state.doneBytes >= state.totalBytes;
      if (!isDone && ms - (toldMs.get(state.service) ?? 0) < eventEveryMs) return;
      toldMs.set(state.service, ms);
      event({ event: 'progress', ...state });
    },
    live(key, line) {
      if (json || !stderr.isTerminal || lives.get(key) === line) return;
      if (line === undefined) lives.delete(key);
      else lives.set(key, line);
      draw('');
    },
    result(text, value) {
      stdout.write(json ? `${JSON.stringify(value)}\n` : text === '' ? '' : `${text}\n`);
    },
    line(text, value) {
      stdout.write(`${json ? JSON.stringify(value) : text}\n`);
    },
    error(error) {
      if (json) {
        const { code, message, details, exitCode } = error;
        stderr.write(`${JSON.stringify({ error: { code, message, details, exitCode } })}\n`);
        return;
      }
      lives.clear();
      const details = error.details.map((line) => `  ${line}\n`).join('');
      draw(`${paint('31', `error ${error.code}:`)} ${error.message}\n${details}`);
    },
  };
}
