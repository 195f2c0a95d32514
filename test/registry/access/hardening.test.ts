import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../core/index.ts';
import { createLog } from '../../../registry/log.ts';
import { openApiDocument } from '../../../registry/openapi.ts';
import { createRegistry } from '../../../registry/server.ts';
import { readCertificate, watchCertificate } from '../../../registry/tls.ts';
import { createMemoryObjects } from '../../../storage/index.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../../support/guarded-registry.ts';
import { closed, rawRequest } from '../../support/raw-http.ts';
import { type RunningRegistry, startRegistry } from '../../support/running-registry.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/tls');
let registry: GuardedRegistry;
let open: RunningRegistry;
let token = '';
beforeAll(async () => {
  registry = await startGuardedRegistry(createMemoryObjects(), { requestTimeoutMs: 300, trustedProxies: ['127.0.0.1'] });
  open = await startRegistry({ objects: createMemoryObjects(), build: () => async () => ({ digest: 'none' }) });
  token = (await registry.issue('admin', ['*'])).text;
});
afterAll(async () => {
  await registry.stop();
  await open.stop();
});

/** Sends exactly this and gives all that comes until the connection ends. */
const exchange = async (text: string, port = registry.port): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (piece) => {
    answer += piece.toString();
  });
  socket.write(text);
  await closed(socket);
  return answer;
};

describe('every answer', () => {
  it('tells a browser to show, run, frame and guess nothing, and has the id of its request', async () => {
    for (const [path, asked] of [
      ['/healthz', {}],
      ['/nothing', {}],
      [routes.showIdentity.path, { token }],
      [routes.showIdentity.path, {}],
      ['/v2/', {}],
      ['/v2/dynamease/manifests/may', { token }],
      ['/api/v1/jobs/%', { token }],
    ] as const) {
      const { headers } = await registry.ask('GET', path, asked);
      expect(headers.get('x-request-id'), path).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('vary')).toContain('Authorization');
      expect(headers.get('cache-control')).toMatch(/private|no-store/);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('strict-transport-security')).toBeNull();
    }
  });

  it('takes the id, the address and TLS from a trusted proxy only', async () => {
    const headers = { 'x-request-id': 'from-the-proxy-1', 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' };
    const behind = await registry.ask('GET', routes.showIdentity.path, { token, headers });
    expect(behind.headers.get('x-request-id')).toBe('from-the-proxy-1');
    expect(behind.headers.get('strict-transport-security')).toBe('max-age=31536000');
    await expect.poll(registry.log).toMatch(/"requestId":"from-the-proxy-1".*"address":"198\.51\.100\.7"/);
    for (const id of ['short', 'x'.repeat(65), 'has space in it', 'quote"quote"']) {
      expect((await registry.ask('GET', '/healthz', { headers: { 'x-request-id': id } })).headers.get('x-request-id')).toMatch(
        /^[0-9a-f-]{36}$/,
      );
    }
    const direct = await fetch(`${open.url}/healthz`, { headers });
    expect(direct.headers.get('x-request-id')).not.toBe('from-the-proxy-1');
    expect(direct.headers.get('strict-transport-security')).toBeNull();
  });
});

describe('a page of another site', () => {
  it.each(['open', 'guarded'] as const)('asks for no change of the %s registry', async (kind) => {
    const port = kind === 'open' ? open.port : registry.port;
    const authorization = `Basic ${Buffer.from(`browser:${token}`).toString('base64')}`;
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await rawRequest(port, '/api/v1/jobs/x/cancel', { method: 'POST', headers: { authorization, ...headers } });
      expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([403, 'ACCESS_DENIED']);
    }
    const own = await rawRequest(port, '/api/v1/jobs/x/cancel', {
      method: 'POST',
      headers: { authorization, origin: `http://127.0.0.1:${port}` },
    });
    expect(own.status).toBe(404);
  });
});

describe('a slow or broken client', () => {
  const head = 'POST /api/v1/snapshots HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';

  it('that never ends its body gets a problem and is cut off', async () => {
    const answer = await exchange(`${head}Authorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{"env`);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
  });

  it('whose headers are huge, or who speaks no HTTP, gets a problem and is cut off', async () => {
    for (const [text, status, code] of [
      [`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`, 413, 'REQUEST_TOO_LARGE'],
      [`GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 413, 'REQUEST_TOO_LARGE'],
      ['hello, is this a registry?\r\n\r\n', 400, 'REQUEST_INVALID'],
      ['GET / HTTP/1.1\r\nno colon here\r\n\r\n', 400, 'REQUEST_INVALID'],
      [`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'REQUEST_INVALID'],
      ['\u0016\u0003\u0001\u0002\u0000\u0001', 400, 'REQUEST_INVALID'],
    ] as const) {
      const answer = await exchange(text);
      expect(answer.split('\r\n')[0], text.slice(0, 40)).toBe(`HTTP/1.1 ${status} ${code}`);
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status, code });
    }
  });

  it.each(['/v2/dynamease/blobs/uploads/x', '/api/v1/snapshots', '/healthz'])(
    'that was answered at %s and goes on sending is cut off',
    async (path) => {
      const socket = connect(registry.port, '127.0.0.1').on('error', () => undefined);
      let answer = '';
      socket.on('data', (piece) => {
        answer += piece.toString();
      });
      socket.write(`PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n`);
      const sending = setInterval(() => socket.write('x'), 20);
      await closed(socket);
      clearInterval(sending);
      expect(answer).toMatch(/^HTTP\/1\.1 (?:401|404) /);
    },
  );

  it('cannot smuggle a second request behind a body that nobody reads', async () => {
    const smuggled = 'GET /api/v1/tokens HTTP/1.1\r\nHost: x\r\n\r\n';
    const answer = await exchange(
      `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${smuggled.length}\r\nConnection: close\r\n\r\n${smuggled}`,
    );
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });
});

describe('a known address', () => {
  it('asked in another way says which ways there are', async () => {
    for (const [path, allow] of [
      ['/api/v1/tokens', 'GET, HEAD, POST'],
      ['/api/v1/snapshots', 'POST'],
      ['/api/v1/tokens/x', 'DELETE, GET, HEAD'],
    ]) {
      const answer = await registry.ask('PATCH', path ?? '', { token });
      expect([answer.status, answer.headers.get('allow'), (answer.body as { code: string }).code]).toEqual([
        405,
        allow,
        'METHOD_NOT_ALLOWED',
      ]);
    }
  });
});

describe('the OpenAPI document', () => {
  it('is served, has every route of the contract, and passes a linter', async () => {
    const served = (await registry.ask('GET', '/openapi.json')).body as { openapi: string; paths: Record<string, Record<string, unknown>> };
    expect(served).toEqual(JSON.parse(JSON.stringify(openApiDocument('0.0.0-test'))));
    expect(served.openapi).toBe('3.1.0');
    for (const [name, { method, path }] of Object.entries(routes)) {
      expect(served.paths[path]?.[method.toLowerCase()], name).toMatchObject({ operationId: name });
    }
    const config = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintFromString({ source: JSON.stringify(served), config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`)).toEqual([]);
  });

  it('would not pass it with a defect', async () => {
    const document = structuredClone(openApiDocument('1')) as { paths: Record<string, { get: { responses: unknown } }> };
    const listed = document.paths['/api/v1/tokens'];
    if (listed) listed.get.responses = {};
    const problems = await lintFromString({
      source: JSON.stringify(document),
      config: await createConfig({ extends: ['recommended-strict'] }),
    });
    expect(problems.length).toBeGreaterThan(0);
  });
});

describe('TLS', () => {
  let folder = '';
  const files = { certFile: 'server.crt', keyFile: 'server.key' };
  const use = async (name: 'one' | 'two'): Promise<void> => {
    await copyFile(join(fixtures, `${name}.crt`), join(folder, files.certFile));
    await copyFile(join(fixtures, `${name}.key`), join(folder, files.keyFile));
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-tls-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is spoken with the files as they are now: changed ones are taken, unusable ones are not', async () => {
    await use('one');
    let written = '';
    const logger = createLog(
      new Writable({
        write: (line, _encoding, done) => {
          written += String(line);
          done();
        },
      }),
    );
    const { blobs, catalog, uploads, openPush, operators, requestKeys, jobs, access } = registry;
    const certificate = await readCertificate(files, folder);
    const service = createRegistry({
      blobs,
      catalog,
      uploads,
      openPush,
      operators,
      requestKeys,
      jobs,
      access,
      environments: [],
      certificate,
      logger,
      version: 'x',
      newId: () => 'id-of-a-request',
    });
    const stopping = new AbortController();
    try {
      const url = await service.listen({ host: '127.0.0.1', port: 0 });
      expect(url).toMatch(/^https:/);
      const port = Number(new URL(url).port);
      const nameSeen = async (): Promise<string> => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
        await once(socket, 'secureConnect');
        const name = socket.getPeerCertificate().subject.CN;
        socket.destroy();
        return String(name);
      };
      expect(await nameSeen()).toBe('dyn-data test one');
      const reload = watchCertificate({
        files,
        configDirectory: folder,
        certificate,
        renew: service.renewCertificate,
        logger,
        everyMs: 20,
        signal: stopping.signal,
      });
      await use('two');
      await expect.poll(nameSeen, { timeout: 30_000 }).toBe('dyn-data test two');
      await writeFile(join(folder, files.keyFile), 'no key at all');
      await expect.poll(() => written, { timeout: 30_000 }).toContain('certificate not usable');
      expect(await nameSeen()).toBe('dyn-data test two');
      expect(written).not.toContain('no key at all');
      stopping.abort();
      await use('one');
      await reload();
      expect(await nameSeen()).toBe('dyn-data test one');
    } finally {
      stopping.abort();
      await service.close(100);
    }
  });

  it('is not begun with files that are missing or do not belong together', async () => {
    await use('one');
    await copyFile(join(fixtures, 'two.key'), join(folder, files.keyFile));
    await expect(readCertificate(files, folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('server.key'),
    });
    await expect(readCertificate({ ...files, certFile: 'none.crt' }, folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('none.crt'),
    });
    for (const empty of [files.certFile, files.keyFile]) {
      await use('one');
      await writeFile(join(folder, empty), '');
      await expect(readCertificate(files, folder), empty).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });
});
