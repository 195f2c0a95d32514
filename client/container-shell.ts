import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { cancelled, capturedLength, type ProcessResult, type Runner } from './process.ts';

/** Beyond this many characters an input is better sent to a process of its own than quoted for a shell. */
const longestInput = 64 * 1024;
/** A shell that does not end by itself in this time is stopped. */
const closeTimeoutMs = 3_000;

export type ShellOptions = {
  /** Given to the command on standard input, which is empty without it. See {@link fitsShell}. */
  readonly input?: string | undefined;
  /** Ends the shell that the command runs in. */
  readonly signal?: AbortSignal | undefined;
  /** Likewise; the exit code is then null. */
  readonly timeoutMs?: number | undefined;
};

/**
 * Runs commands in one container through shells that are kept open: a `docker exec` of its own for each would cost some tenths of a second.
 * A shell runs one command at a time; there are as many as commands that ran at the same time. One that is gone, as when the container was
 * restarted, is opened anew by the next command. Disposing closes them.
 */
export type ContainerShell = AsyncDisposable & {
  /**
   * Runs a command and does not judge its exit code. Where the container cannot be entered, the result is what `docker exec` says of it.
   * @throws DynDataError CANCELLED when the signal fires, after the shell has ended
   */
  run(command: readonly string[], options?: ShellOptions): Promise<ProcessResult>;
};

/** Whether it can be the input of a command in a shell. */
export function fitsShell(input: string): boolean {
  return input.length <= longestInput && !input.includes('\0');
}

/** @param container its id  @param user whose the commands are */
export function createContainerShell(processes: Runner, container: string, user: string): ContainerShell {
  const shells: Shell[] = [];
  return {
    async run(command, options = {}) {
      for (;;) {
        if (options.signal?.aborted) throw cancelled();
        const free = shells.find((shell) => shell.state === 'free');
        const shell = free ?? openShell(processes, container, user);
        if (!free) shells.push(shell);
        const { begun, ...result } = await shell.run(command, options);
        // The container may have been stopped since the shell was used last. What did not begin can be done again.
        if (begun || !free) return result;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(shells.map((shell) => shell.close()));
    },
  };
}

type Shell = {
  readonly state: 'free' | 'busy' | 'ended';
  run(command: readonly string[], options: ShellOptions): Promise<ProcessResult & { readonly begun: boolean }>;
  close(): Promise<void>;
};

function openShell(processes: Runner, container: string, user: string): Shell {
  // Cleaning up after an interruption needs it too; each command has its own signal.
  const child = processes.open('docker', ['exec', '--interactive', '--user', user, container, 'sh'], { despiteInterruption: true });
  const mark = randomBytes(16).toString('hex');
  let ended: ProcessResult | undefined;
  let answered: () => void = () => undefined;
  const done = child.done.then((result) => {
    ended = result;
    shell.state = 'ended';
    answered();
  });
  const onPiece = (): void => {
    if (stdout.exitCode !== undefined && stderr.exitCode !== undefined) answered();
  };
  const stdout = readFramed(child.stdout, mark, onPiece);
  const stderr = readFramed(child.stderr, mark, onPiece);
  // What the shell itself has to say, such as that a command was killed, with all its words, is no output of the command.
  child.stdin.write('exec 3>&2 2>/dev/null\n');

  const shell: Shell & { state: Shell['state'] } = {
    state: 'free',
    async run(command, { input = '', signal, timeoutMs }) {
      shell.state = 'busy';
      stdout.clear();
      stderr.clear();
      let isLate = false;
      const timer =
        timeoutMs &&
        setTimeout(() => {
          isLate = true;
          child.stop();
        }, timeoutMs);
      signal?.addEventListener('abort', child.stop, { once: true });
      await new Promise<void>((resolve) => {
        answered = resolve;
        child.stdin.write(framed(command, input, mark));
        if (ended) resolve();
      });
      clearTimeout(timer);
      signal?.removeEventListener('abort', child.stop);
      if (isLate || signal?.aborted) await done;
      if (signal?.aborted) throw cancelled();
      if (!ended) shell.state = 'free';
      const exitCode = stdout.exitCode ?? (isLate || !ended ? null : ended.exitCode);
      return { exitCode, stdout: stdout.text.slice(-capturedLength), stderr: stderr.text.slice(-capturedLength), begun: stdout.begun };
    },
    async close() {
      child.stdin.end();
      const timer = setTimeout(child.stop, closeTimeoutMs);
      await done;
      clearTimeout(timer);
    },
  };
  return shell;
}

/** A command for the shell: before and after it the mark is written to both outputs, after it with the exit code. Its input is no input of the shell. */
function framed(command: readonly string[], input: string, mark: string): string {
  const run = `( exec ${command.map(quoted).join(' ')} ) 2>&3 3>&-`;
  const whole = input === '' ? `${run} </dev/null` : `printf %s ${quoted(input)} 3>&- | ${run}`;
  return `echo ${mark}; echo ${mark} >&3\n${whole}\nset -- $?; printf '\\n%s %s\\n' ${mark} $1; printf '\\n%s %s\\n' ${mark} $1 >&3\n`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** What stands between the marks of the last command; before the first mark there may be words of `docker` itself. */
function readFramed(stream: Readable, mark: string, onPiece: () => void) {
  const begin = `${mark}\n`;
  const end = new RegExp(`\\n${mark} (\\d+)\\n$`);
  const endLength = mark.length + 6;
  const framed = {
    text: '',
    begun: false,
    exitCode: undefined as number | undefined,
    clear: () => void Object.assign(framed, { text: '', begun: false, exitCode: undefined }),
  };
  stream.setEncoding('utf8').on('data', (piece: string) => {
    framed.text = (framed.text + piece).slice(-capturedLength - endLength);
    const at = framed.begun ? -1 : framed.text.indexOf(begin);
    if (at >= 0) {
      framed.begun = true;
      framed.text = framed.text.slice(at + begin.length);
    }
    const found = framed.begun ? end.exec(framed.text.slice(-endLength)) : null;
    if (found) {
      framed.exitCode = Number(found[1]);
      framed.text = framed.text.slice(0, -found[0].length);
    }
    onPiece();
  });
  return framed;
}
