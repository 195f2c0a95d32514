import { spawn } from 'node:child_process';
import { client, developerFolder } from './layout.ts';

export type Ran = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

export type RunClientOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder?: string;
  /** Kills the client with SIGKILL as soon as this is seen in what it prints. */
  readonly killWhen?: RegExp;
};

/** Runs the bundled client as a child process, as a developer's shell would. */
export function runClient(args: readonly string[], { env, folder = developerFolder, killWhen }: RunClientOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [client, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    const seen = (): void => {
      if (killWhen?.test(stdout + stderr)) child.kill('SIGKILL');
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      seen();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      seen();
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
