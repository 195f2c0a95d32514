import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { peakMemoryBytes } from '../demo/proofs/memory.ts';
import { startRegistry, stopRegistry } from '../demo/registry-process.ts';
import { createClientProject } from '../test/support/client-project.ts';

type Up = { readonly services: readonly { readonly restored?: { readonly durationMs: number } }[] };

export type RestoreByClient = AsyncDisposable & {
  /** Seconds of one restore with its verification, without the server's start. */
  run(): Promise<number>;
  /** The most memory that the client of any run had resident. */
  readonly peakBytes: () => number;
};

const pollMs = 20;

/** Restores with `dyn-data up` into a fresh server each time, out of the folder's `store`. */
export async function createRestore(options: {
  readonly folder: string;
  readonly client: string;
  readonly repository: string;
  readonly tag: string;
  readonly project: string;
  /** The one service of the compose file. */
  readonly service: Readonly<Record<string, unknown>>;
}): Promise<RestoreByClient> {
  const { folder, client, repository, tag, project, service } = options;
  const config = { version: 1, listen: { host: '127.0.0.1', port: 0 }, storage: { folder: 'store' }, environments: {} };
  await writeFile(join(folder, 'registry.yaml'), stringify(config));
  const registry = await startRegistry(join(folder, 'registry.yaml'), join(folder, 'registry.log'));
  const developer = await createClientProject({
    client,
    registry: registry.url,
    repository,
    project,
    composeFile: stringify({ services: { database: service } }),
  });
  let peakBytes = 0;
  const run = async (...args: string[]): Promise<string> => {
    const { child, ended } = await developer.start(args);
    const timer = setInterval(async () => {
      // The peak so far; when the process has ended nobody can ask any more.
      peakBytes = Math.max(peakBytes, await peakMemoryBytes(child.pid ?? 0).catch(() => 0));
    }, pollMs);
    const { exitCode, stdout, stderr } = await ended.finally(() => clearInterval(timer));
    if (exitCode !== 0) throw new Error(`dyn-data ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await run('pull', tag);
  return {
    async run() {
      const up = JSON.parse(await run('up', tag, '--json')) as Up;
      await run('down', '--volumes');
      const [database] = up.services;
      if (!database?.restored) throw new Error('up restored nothing');
      return database.restored.durationMs / 1_000;
    },
    peakBytes: () => peakBytes,
    [Symbol.asyncDispose]: async () => {
      await developer.run(['down', '--volumes']);
      await developer[Symbol.asyncDispose]();
      await stopRegistry(registry.pid);
    },
  };
}
