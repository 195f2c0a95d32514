import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export type RegistryServer = { readonly url: string; readonly child: ChildProcess };

const nodeOptions = ['--max-semi-space-size=8', '--heap-growing-percent=40'];
const startTimeoutMs = 30_000;

/** Our registry with its storage below `folder`, which asks for no token. */
export async function startOurs(folder: string): Promise<RegistryServer> {
  const config = join(folder, 'ours.yaml');
  await writeFile(config, 'version: 1\nlisten: { port: 0 }\nstorage: { folder: ours }\nenvironments: {}\n');
  const main = join(import.meta.dirname, '..', '..', 'registry', 'main.ts');
  const child = spawn(process.execPath, [...nodeOptions, main, '--config', config], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { url: JSON.parse(String(line)).listening, child };
}

/** Debian's docker-registry likewise. */
export async function startDockerRegistry(folder: string): Promise<RegistryServer> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
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
    if (answers) return { url, child };
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('docker-registry does not start');
  }
}
