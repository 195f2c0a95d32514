import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureImages } from '../../scripts/images.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';

export type S3Server = {
  /** `http://127.0.0.1:PORT`; address buckets by path. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Name of a key of the store's own key service, for SSE-KMS. */
  readonly kmsKeyId: string;
  /** Removes the server with all its data. May be called more than once. */
  stop(): Promise<void>;
};

const ownerLabel = 'dyn-data.test-owner';
const startTimeoutMs = 60_000;
const kmsKeyId = 'dyn-data-test-key';

/** A real, empty S3 server of its own, in a container on a free loopback port; ready when this resolves. Needs a Docker engine. */
export async function startS3(options: { readonly signal?: AbortSignal } = {}): Promise<S3Server> {
  const { signal } = options;
  await removeOrphans();
  const images = await ensureImages({ names: ['s3'], log: (line) => process.stderr.write(`${line}\n`), signal });
  const accessKeyId = randomBytes(10).toString('hex');
  const secretAccessKey = randomBytes(20).toString('hex');
  const kmsKey = randomBytes(32).toString('base64');
  // The keys go through this process's environment: a command line can be read by every user of the machine.
  const keys = { MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey, MINIO_KMS_SECRET_KEY: `${kmsKeyId}:${kmsKey}` };
  const run = ['run', '--detach', '--rm', '--publish', '127.0.0.1::9000', '--label', `${ownerLabel}=${process.pid}`];
  const variables = Object.keys(keys).flatMap((name) => ['--env', name]);
  const command = [...run, ...variables, ...startOf(images.S3_IMAGE ?? '')];
  const container = (await runOrFail('Starting the S3 server', 'docker', command, { env: keys, signal })).trim();
  const stop = async () => {
    await runCommand('docker', ['rm', '--force', '--volumes', container]);
  };
  try {
    const address = (await runOrFail('Finding the port of the S3 server', 'docker', ['port', container, '9000/tcp'], { signal })).trim();
    const endpoint = `http://${address.split('\n')[0]}`;
    await untilAnswering(endpoint, container, signal);
    return { endpoint, accessKeyId, secretAccessKey, region: 'us-east-1', kmsKeyId, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The image and its command. Ceph takes a key of its key service by its configuration only, which its start script writes. */
function startOf(image: string): string[] {
  if (!image.includes('standin')) return [image, 'server', '/data'];
  const settings = [
    'rgw_crypt_require_ssl = false',
    'rgw_crypt_s3_kms_backend = testing',
    // MinIO writes the name and the key with a colon.
    'rgw_crypt_s3_kms_encryption_keys = $(echo "$MINIO_KMS_SECRET_KEY" | tr : =)',
  ];
  const script = `sed 's%^rgw_gc_processor_period.*%&\\n${settings.join('\\n')}%' /usr/local/bin/docker-entrypoint.sh > /tmp/start.sh && exec bash /tmp/start.sh`;
  return ['--entrypoint', 'bash', image, '-c', script];
}

async function untilAnswering(endpoint: string, container: string, signal: AbortSignal | undefined): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const limit = AbortSignal.timeout(5_000);
    const response = await fetch(endpoint, { signal: signal === undefined ? limit : AbortSignal.any([limit, signal]) }).catch(
      () => undefined,
    );
    await response?.body?.cancel();
    // MinIO answers 403 to a request without a signature, Ceph an empty public listing.
    if (response !== undefined && response.status < 500) return;
    signal?.throwIfAborted();
    if (Date.now() > deadline) {
      const logs = await runCommand('docker', ['logs', '--tail', '20', container]);
      throw new Error(
        `The S3 server does not answer ${startTimeoutMs / 1000} s after its start. Its last lines:\n${logs.stdout}${logs.stderr}`,
      );
    }
    await sleep(50);
  }
}

/** Servers of test runs that were killed before they could stop them. */
async function removeOrphans(): Promise<void> {
  const format = `{{.ID}} {{.Label "${ownerLabel}"}}`;
  const listed = await runCommand('docker', ['ps', '--filter', `label=${ownerLabel}`, '--format', format]);
  for (const line of listed.stdout.trim().split('\n')) {
    const [id = '', owner = ''] = line.split(' ');
    if (id !== '' && !isRunning(Number(owner))) await runCommand('docker', ['rm', '--force', '--volumes', id]);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
