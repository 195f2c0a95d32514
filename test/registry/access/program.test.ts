import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditEntryView, type IssuedToken, isEnded, type Job, newToken, routePath, routes } from '../../../core/index.ts';
import { filledPath, routeNames } from '../../support/guarded-registry.ts';
import { startRegistryHere } from '../../support/registry-here.ts';
import { smallBuild } from '../../support/small-build.ts';

const mainFile = join(import.meta.dirname, '../../../registry/main.ts');
const fixtures = join(import.meta.dirname, '../../fixtures/tls');
const admin = newToken(randomBytes);
/** Everything that the configuration only refers to. */
const secrets = {
  TEST_KEY: 'c0ffee'.padEnd(64, '0'),
  TEST_MYSQL: 's3cret-of-mysql-0123',
  TEST_LDAP: 's3cret-of-ldap-4567',
  TEST_PUSH: 's3cret-of-push-89ab',
};
let folder = '';
let configs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-access-program-'));
  await writeFile(join(folder, 'admin.token'), `${admin.text}\n`);
  await writeFile(join(folder, 'push.secret'), secrets.TEST_PUSH);
  await writeFile(join(folder, 'policy.yaml'), 'version: 1\nsources: {}\n');
  await useCertificate('one');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const useCertificate = async (name: 'one' | 'two'): Promise<void> => {
  for (const kind of ['crt', 'key']) await copyFile(join(fixtures, `${name}.${kind}`), join(folder, `server.${kind}`));
};
/** Nothing listens on port 1. */
const configOf = (access: string, store = 'store', host = '0.0.0.0'): string => `version: 1
listen: { host: ${host}, port: 0, tls: { certFile: server.crt, keyFile: server.key } }
${access}
storage: { folder: ${store} }
environments:
  prod:
    repository: dynamease
    policy: policy.yaml
    key: { env: TEST_KEY }
    sources:
      mysql: { kind: mysql, host: 127.0.0.1, port: 1, user: dyndata, password: { env: TEST_MYSQL }, databases: [dynamease] }
      ldap: { kind: ldap, url: "ldap://127.0.0.1:1", bindDn: cn=admin, password: { env: TEST_LDAP }, base: dc=x }
      push: { kind: postgres, host: 127.0.0.1, port: 1, user: dyndata, password: { file: push.secret }, database: x, pgDump: ["false"] }
`;
const withAdmin = 'access: { initialAdmin: { file: admin.token } }';

const writeConfig = async (config: string): Promise<string> => {
  configs += 1;
  const file = join(folder, `${configs}.yaml`);
  await writeFile(file, config);
  return file;
};
const portOf = (listening: string): number => {
  expect(listening).toMatch(/^https:\/\//);
  return Number(new URL(listening).port);
};
const startHere = async (config: string) => startRegistryHere(['--config', await writeConfig(config)], { env: secrets, build: smallBuild });
const ask = async (port: number, path: string, options: { method?: string; token?: string; body?: unknown } = {}) => {
  const ca = await readFile(join(folder, 'server.crt'));
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const request = httpsRequest(
      { host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers, ca, agent: false },
      (response) => {
        let text = JSON.stringify(response.headers);
        response.on('data', (piece) => {
          text += String(piece);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on('error', reject);
    request.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
};
const bodyOf = <T>({ text }: { text: string }): T => JSON.parse(text.slice(text.indexOf('}{') + 1)) as T;
const ended = async (port: number, id: string): Promise<Job> => {
  const path = routePath(routes.showJob.path, { id });
  await expect.poll(async () => isEnded(bodyOf<Job>(await ask(port, path, { token: admin.text })).state), { timeout: 20_000 }).toBe(true);
  return bodyOf<Job>(await ask(port, path, { token: admin.text }));
};

describe('a registry with access', () => {
  it('does not start where nobody could get in', async () => {
    for (const [access, code, words] of [
      ['access: {}', 2, /^CONFIG_INVALID: .*dyn-data token generate/],
      ['access: { initialAdmin: { file: push.secret } }', 2, /^CONFIG_INVALID: .*access\.initialAdmin/],
      ['access: { initialAdmin: { file: none } }', 4, /^SECRET_MISSING: access\.initialAdmin/],
    ] as const) {
      const { exit, output } = await startHere(configOf(access, `store-${code}`));
      expect(await exit).toBe(code);
      expect(output().stderr).toMatch(words);
      expect(output().stderr).not.toContain(secrets.TEST_PUSH);
    }
  });

  it('does not serve other machines without it, with TLS or not', async () => {
    const { exit, output } = await startHere(configOf('', 'open'));
    expect(await exit).toBe(2);
    expect(output().stderr).toMatch(/^CONFIG_INVALID: .*0\.0\.0\.0/);
  });

  it('takes its first admin from the configuration, once: what was done to that token since holds', async () => {
    const config = configOf(withAdmin);
    const first = await startHere(config);
    const port = portOf(await first.listening);
    expect((await ask(port, routes.showIdentity.path)).status).toBe(401);
    expect(bodyOf(await ask(port, routes.showIdentity.path, { token: admin.text }))).toMatchObject({
      kind: 'token',
      id: admin.id,
      role: 'admin',
    });
    const job = bodyOf<Job>(
      await ask(port, routes.createSnapshot.path, { method: 'POST', token: admin.text, body: { environment: 'prod', tag: 'may' } }),
    );
    const { digest } = await ended(port, job.id);
    const entries = bodyOf<{ items: AuditEntryView[] }>(await ask(port, routes.listAudit.path, { token: admin.text })).items.reverse();
    expect(entries).toMatchObject([
      { action: 'token.create', actor: { kind: 'registry' }, target: admin.id },
      { action: 'snapshot.create', actor: { kind: 'token', tokenId: admin.id }, target: 'prod', to: 'dynamease:may' },
      { action: 'snapshot.publish', actor: { kind: 'builder' }, target: `dynamease@${digest}` },
      { action: 'tag.move', actor: { kind: 'builder' }, target: 'dynamease:may', to: digest },
    ]);
    expect(await first.stop()).toBe(0);

    const second = await startHere(config);
    const again = portOf(await second.listening);
    const rotated = await ask(again, routePath(routes.rotateToken.path, { token: admin.id }), {
      method: 'POST',
      token: admin.text,
      body: { overlapSeconds: 0 },
    });
    const { text } = bodyOf<IssuedToken>(rotated);
    await second.stop();

    const third = await startHere(config);
    const port3 = portOf(await third.listening);
    expect((await ask(port3, routes.showIdentity.path, { token: admin.text })).status).toBe(401);
    expect((await ask(port3, routes.showIdentity.path, { token: text })).status).toBe(200);
    await third.stop();
    expect(third.output().stderr).toContain('the configured one opens nothing');
    for (const { output } of [first, second, third]) {
      for (const secret of [admin.text, text]) expect(output().stdout + output().stderr).not.toContain(secret);
    }
  });
});

describe('its own program', () => {
  let child: ChildProcess;
  let port = 0;
  /** All that it has printed and logged. */
  let output = '';
  beforeAll(async () => {
    const config = await writeConfig(configOf(withAdmin, 'store-of-program'));
    const env = { ...process.env, ...secrets };
    const started = spawn(process.execPath, [mainFile, '--config', config], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (text) => {
        output += String(text);
      });
    const [line] = (await once(started.stdout, 'data')) as [Buffer];
    port = portOf(JSON.parse(String(line)).listening);
  });
  afterAll(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  it('gives no secret that its configuration refers to, whatever is asked', async () => {
    const asAdmin = { token: admin.text };
    const job = bodyOf<Job>(await ask(port, routes.createSnapshot.path, { ...asAdmin, method: 'POST', body: { environment: 'prod' } }));
    const { state, error } = await ended(port, job.id);
    expect([state, error?.code]).toEqual(['failed', expect.stringMatching(/^(?:SOURCE|POLICY)_/)]);

    const parameters = {
      name: 'nightly',
      repository: 'dynamease',
      environment: 'prod',
      id: job.id,
      token: admin.id,
      tag: 'may',
      digest: `sha256:${'0'.repeat(64)}`,
    };
    const reading = routeNames.filter((name) => routes[name].method === 'GET').map((name) => filledPath(name, parameters));
    const others = [
      '/',
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/metrics',
      '/v2/',
      '/v2/dynamease/tags/list',
      '/v2/dynamease/manifests/may',
    ];
    const posting = ['checkPolicy', 'suggestPolicy'] as const;
    const answers = [
      ...(await Promise.all([...reading, ...others].map((path) => ask(port, path, asAdmin)))),
      ...(await Promise.all(posting.map((name) => ask(port, filledPath(name, parameters), { ...asAdmin, method: 'POST' })))),
    ];
    expect(reading.length).toBeGreaterThan(12);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(10);
    const hidden = [
      ...Object.values(secrets),
      admin.text,
      admin.hash,
      ...Object.values(secrets).map((secret) => Buffer.from(secret).toString('base64')),
    ];
    for (const text of [...answers.map((answer) => answer.text), output]) {
      for (const secret of hidden) expect(text).not.toContain(secret);
    }
  });

  it('reads its certificate again on SIGHUP, and goes on', async () => {
    const nameSeen = async (): Promise<string> => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const name = String(socket.getPeerCertificate().subject.CN);
      socket.destroy();
      return name;
    };
    expect(await nameSeen()).toBe('dyn-data test one');
    await useCertificate('two');
    child.kill('SIGHUP');
    await expect.poll(nameSeen, { timeout: 10_000 }).toBe('dyn-data test two');
    expect((await ask(port, routes.showIdentity.path, { token: admin.text })).status).toBe(200);
  });
});
