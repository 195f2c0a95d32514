import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRegistry } from '../../demo/registry-process.ts';
import { freePort } from '../../test/support/free-port.ts';

export type RegistryServer = { readonly url: string; readonly pid: number };

const startTimeoutMs = 30_000;

/** Our registry with its storage below `folder`, which asks for no token. */
export async function startOurs(folder: string): Promise<RegistryServer> {
  const config = join(folder, 'ours.yaml');
  await writeFile(config, 'version: 1\nlisten: { port: 0 }\nstorage: { folder: ours }\nenvironments: {}\n');
  return startRegistry(config, join(folder, 'ours.log'));
}

/** Debian's docker-registry likewise. */
export async function startDockerRegistry(folder: string): Promise<RegistryServer> {
  const port = await freePort();
  const config = join(folder, 'peer.yaml');
  const storage = { filesystem: { rootdirectory: join(folder, 'peer') } };
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage,
      http: { addr: `127.0.0.1:${port}` },
    }),
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + startTimeoutMs; ; await sleep(100)) {
    const answers = await fetch(`${url}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers && child.pid !== undefined) return { url, pid: child.pid };
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('docker-registry does not start');
  }
}
