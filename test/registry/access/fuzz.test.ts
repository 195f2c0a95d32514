import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isRepository, routes } from '../../../core/index.ts';
import { createFolderObjects } from '../../../storage/index.ts';
import { type GuardedRegistry, routeNames, startGuardedRegistry } from '../../support/guarded-registry.ts';
import { times } from '../../support/many-times.ts';
import { closed } from '../../support/raw-http.ts';

const runs = times(30, 150);
let folder = '';
let registry: GuardedRegistry;
let token = '';
const outside = 'content of a file outside the store';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-fuzz-'));
  await mkdir(join(folder, 'store'));
  for (const name of ['secret', 'passwd', 'store.secret']) await writeFile(join(folder, name), outside);
  registry = await startGuardedRegistry(await createFolderObjects({ folder: join(folder, 'store'), newId: randomUUID }), {
    requestTimeoutMs: 2_000,
  });
});
beforeEach(async () => {
  // Some of what is fuzzed revokes tokens.
  token = (await registry.issue('admin', ['*'])).text;
});
afterAll(async () => {
  // Whatever was asked: nothing came into the folder around the store, nothing there was changed.
  expect((await readdir(folder)).sort()).toEqual(['passwd', 'secret', 'store', 'store.secret']);
  for (const name of ['secret', 'passwd', 'store.secret']) expect(await readFile(join(folder, name), 'utf8')).toBe(outside);
  // Every key of the store begins as our own do.
  expect((await readdir(join(folder, 'store'))).sort().filter((name) => !name.startsWith('~'))).toEqual(
    expect.arrayContaining(['audit', 'audit-head', 'blobs', 'manifests', 'snapshots', 'tags', 'tokens']),
  );
  expect(await registry.ask('GET', '/healthz')).toMatchObject({ status: 200 });
  expect((await registry.access.audit.verify()).broken).toBeUndefined();
  expect(registry.log()).not.toContain('"code":"INTERNAL"');
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

type Raw = {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
};
/** One request, sent byte for byte as given, and its whole answer. */
const send = async ({ method, target, headers, body }: Raw): Promise<{ status: number; text: string }> => {
  const socket = connect(registry.port, '127.0.0.1');
  const pieces: Buffer[] = [];
  socket.on('error', () => undefined).on('data', (piece) => pieces.push(piece));
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    `Authorization: Bearer ${token}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  await closed(socket);
  const text = Buffer.concat(pieces).toString('latin1');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
};

/** No failure of ours, nothing of what lies outside the store, and errors in the form of their side. */
const expectGood = async (raw: Raw): Promise<void> => {
  const { status, text } = await send(raw);
  const what = `${raw.method} ${raw.target} → ${text.slice(0, 400)}`;
  expect(status, what).toBeGreaterThanOrEqual(200);
  expect(status, what).toBeLessThan(500);
  expect(text, what).not.toContain(outside);
  if (status < 400 || raw.method === 'HEAD') return;
  const isOci = /^\/v2(?:[/?]|$)/.test(raw.target);
  const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
  if (isOci && 'errors' in body) expect(body.errors[0].code, what).toMatch(/^[A-Z_]+$/);
  else expect(body, what).toMatchObject({ status, code: expect.stringMatching(/^[A-Z_]+$/), detail: expect.any(String) });
};

const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
/** What climbs out, and what is nearly a name, a tag or a digest; spelt as it is, encoded, and encoded twice. */
const climbing = fc.constantFrom(
  '..',
  '.',
  '../secret',
  '../../passwd',
  '..\\..\\passwd',
  '....//secret',
  '/etc/passwd',
  'a/../../secret',
  'tags/@/x',
  '~tmp',
  '@',
  'con',
  '\u0000',
  'a\u0000b',
  'secret\n',
  '$(x)',
  '\u202e',
  'é',
  '😀',
  ' ',
  '',
  'dynamease',
  'team/test',
  'may',
  'A'.repeat(300),
  'a/'.repeat(200),
  `sha256:${'0'.repeat(64)}`,
  `sha256:${'0'.repeat(63)}`,
  `sha256:${'G'.repeat(64)}`,
  'sha256:../../secret',
  'sha512:x',
  '__proto__',
  'constructor',
);
const part = fc.oneof(climbing, fc.string({ unit: 'binary', maxLength: 30 }), fc.stringMatching(/^[a-z0-9._:@/-]{1,40}$/));
/** Pieces of an address as a client might write them: whatever HTTP itself forbids in a request line is encoded. */
const written = fc.tuple(part, fc.constantFrom('as it is', 'encoded', 'encoded twice', 'lower case', 'broken')).map(([text, how]) => {
  const encoded = encodeURIComponent(text.toWellFormed());
  if (how === 'encoded') return encoded;
  if (how === 'encoded twice') return encodeURIComponent(encoded);
  if (how === 'lower case') return encoded.toLowerCase();
  if (how === 'broken') return `${encoded}%${encoded.slice(0, 1)}`;
  return text.replace(/[^!-~]|[?#]/g, '');
});
const address = fc.oneof(
  fc
    .tuple(fc.constantFrom(...routeNames), fc.array(written, { minLength: 4, maxLength: 4 }))
    .map(([name, parts]) => routes[name].path.replace(/\{\w+\}/g, () => parts.shift() ?? '')),
  fc
    .tuple(fc.constantFrom('manifests', 'blobs', 'tags', 'referrers', 'blobs/uploads'), written, written)
    .map(([kind, a, b]) => `/v2/${a}/${kind}/${b}`),
  fc.array(written, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
);
const query = fc.oneof(
  fc.constant(''),
  fc
    .tuple(fc.constantFrom('limit', 'after', 'n', 'last', 'head', 'from', 'mount', 'digest', 'artifactType', 'x[y]', '__proto__'), written)
    .map(([name, value]) => `?${name}=${value}`),
  fc.constantFrom(
    '?limit=1&limit=2',
    '?limit[]=1',
    '?after[x]=1',
    '?n=-1',
    '?n=99999999999',
    '?head=1:2',
    '?head=999999999999999999:sha256:x',
    '?&&&=',
    '?%',
  ),
);
const headers = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constant('Range'),
      fc.constantFrom(
        'bytes=0-',
        'bytes=-0',
        'bytes=5-1',
        'bytes=0-0,1-1',
        'bytes=99999999999999999999-',
        'bytes=a-b',
        'lines=1-2',
        'bytes=-',
        'bytes=-99999999999999999999',
      ),
    ),
    fc.tuple(
      fc.constantFrom('If-None-Match', 'If-Match', 'If-Range'),
      fc.constantFrom('*', '"x"', 'W/"x"', '""', 'x', '"', ',,,', '"a","b"'),
    ),
    fc.tuple(
      fc.constant('Content-Type'),
      fc.constantFrom(
        'application/json',
        'text/plain',
        'application/json; charset=utf-16',
        'application/json; charset=none',
        'multipart/form-data',
        '',
      ),
    ),
    fc.tuple(fc.constant('Content-Encoding'), fc.constantFrom('gzip', 'br', 'nothing', 'identity')),
    fc.tuple(
      fc.constantFrom(
        'Accept',
        'X-Forwarded-For',
        'X-Forwarded-Proto',
        'X-Request-Id',
        'Expect',
        'Cookie',
        'Origin',
        'X-HTTP-Method-Override',
      ),
      fc.constantFrom('*/*', '1.2.3.4', '::1, x', 'DELETE', '../..', 'x'.repeat(2000), ''),
    ),
  ),
  { maxLength: 3 },
);
const body = fc.oneof(
  fc.constant(''),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom(
    '{',
    '{"a":',
    '[',
    'null',
    '"',
    '{"environment":1}',
    '{"environment":"prod","environment":"test"}',
    '{"__proto__":{"environment":"prod"}}',
    `{"digest":"${'x'.repeat(70_000)}"}`,
    '['.repeat(5_000),
  ),
  fc
    .record(
      {
        environment: fc.oneof(climbing, fc.integer(), fc.constant(null)),
        tag: fc.oneof(climbing, fc.constant([])),
        digest: climbing,
        name: climbing,
        role: fc.constantFrom('reader', 'admin', 'king', '__proto__'),
        repositories: fc.array(climbing, { maxLength: 3 }),
        expiresAt: fc.constantFrom('2999-01-01T00:00:00Z', 'never', '+275760-09-13T00:00:00.000Z', ''),
        overlapSeconds: fc.constantFrom(0, -1, 1e30, 0.5),
        rows: fc.constantFrom(1, 0, 1e9),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);

describe('whatever is asked', () => {
  it('is answered, and never with a failure of ours', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(methods, address, query, headers, body, async (method, path, search, some, text) => {
        await expectGood({ method, target: `${path}${search}`, headers: some, body: text });
      }),
      { numRuns: runs * 4 },
    );
  });

  it.each(routeNames.filter((name) => 'body' in routes[name]))('of %s with any body is answered so', { timeout: 60_000 }, async (name) => {
    const path = routes[name].path
      .replace('{repository}', 'dynamease')
      .replace('{tag}', 'fuzzed')
      .replace('{environment}', 'prod')
      .replace('{token}', 'none');
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        await expectGood({ method: routes[name].method, target: path, headers: [['Content-Type', 'application/json']], body: text });
      }),
      { numRuns: runs },
    );
  });

  it('of images by any range is answered so', { timeout: 60_000 }, async () => {
    const manifest = (await registry.ask('GET', '/v2/dynamease/manifests/may', { token })).text;
    const digest = JSON.parse(manifest).layers[0].digest;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
          fc.tuple(fc.bigInt(), fc.bigInt()).map(([a, b]) => `bytes=${a}-${b}`),
        ),
        async (range) => {
          const { status } = await send({
            method: 'GET',
            target: `/v2/dynamease/blobs/${digest}`,
            headers: [['Range', range.trim()]],
            body: '',
          });
          expect([200, 206, 416]).toContain(status);
        },
      ),
      { numRuns: runs },
    );
  });

  it('under any authorization gets in only with a token', { timeout: 60_000 }, async () => {
    const some = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
      fc
        .tuple(fc.constantFrom('Bearer', 'Basic', 'bearer', 'Digest', 'BASIC'), fc.base64String({ maxLength: 300 }))
        .map((words) => words.join(' ')),
      fc.constantFrom(
        'Basic Og==',
        'Basic OnBhc3N3b3Jk',
        'Bearer dd_',
        `Bearer ${'x'.repeat(6000)}`,
        'Bearer null',
        `Bearer dd_${'A'.repeat(14)}_${'A'.repeat(49)}`,
        'Bearer ../../tokens',
      ),
    );
    await fc.assert(
      fc.asyncProperty(some, fc.constantFrom('/v2/', routes.listTokens.path), async (authorization, path) => {
        const socket = connect(registry.port, '127.0.0.1');
        let answer = '';
        socket
          .on('error', () => undefined)
          .on('data', (piece) => {
            answer += piece.toString('latin1');
          });
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`);
        await closed(socket);
        expect(answer.slice(0, 'HTTP/1.1 401'.length)).toMatch(/^HTTP\/1\.1 (?:401|400)$/);
      }),
      { numRuns: runs },
    );
  });
});

it('a name that climbs is none, whatever its spelling', () => {
  fc.assert(
    fc.property(part, (text) => {
      if (isRepository(text)) expect(text).not.toMatch(/\.\.|^\/|\\|\0|@|~/);
    }),
  );
});
