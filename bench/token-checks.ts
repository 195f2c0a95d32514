import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type IssuedToken, newToken, routes } from '../core/index.ts';
import processSettings from '../registry/process-settings.json' with { type: 'json' };
import { createBlobStore, createCatalog, createFolderObjects } from '../storage/index.ts';
import { publishImage } from '../test/support/published-image.ts';
import { inTurns, printResult, timed } from './measure.ts';

const usage = `Usage: node bench/token-checks.ts [--runs N] [--requests N]

Asks a registry for a manifest by its tag, many times at once: one that asks for no token beside one that reads the token's record for every
request, with one token for all of them and with a token for each connection.`;

const connections = 32;
const repository = 'dynamease';

const start = async (folder: string, name: string, access: string): Promise<{ child: ChildProcess; url: URL }> => {
  const config = join(folder, `${name}.yaml`);
  await writeFile(config, `version: 1\nlisten: { port: 0 }\n${access}\nstorage: { folder: store }\nenvironments: {}\n`);
  const main = join(import.meta.dirname, '..', 'registry', 'main.ts');
  const child = spawn(process.execPath, [...processSettings.nodeOptions, main, '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  return { child, url: new URL(JSON.parse(String(line)).listening) };
};

/** @param tokens one for each connection, again from the first where there are fewer; without any no token is shown */
const load = async (url: URL, requests: number, tokens: readonly string[]): Promise<void> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = requests;
  const one = (token: string | undefined) =>
    new Promise<void>((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const path = `/v2/${repository}/manifests/may`;
      const request = httpRequest({ host: url.hostname, port: url.port, path, method: 'GET', headers, agent }, (response) => {
        response.resume().once('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
      });
      request.once('error', reject).end();
    });
  const connection = async (number: number): Promise<void> => {
    const token = tokens[number % Math.max(1, tokens.length)];
    while (left > 0) {
      left -= 1;
      await one(token);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_nothing, number) => connection(number)));
  agent.destroy();
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' }, requests: { type: 'string', default: '6000' } } });
  const [runs, requests] = [Number(values.runs), Number(values.requests)];
  if (!Number.isInteger(runs) || !Number.isInteger(requests) || runs < 1 || requests < 1) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-tokens-'));
  const children: ChildProcess[] = [];
  try {
    const objects = await createFolderObjects({ folder: join(folder, 'store'), newId: randomUUID });
    const ports = { blobs: createBlobStore(objects), catalog: createCatalog(objects, { clock: () => new Date() }) };
    await publishImage(ports, { repository, tag: 'may', layers: [[{ path: 'snapshot/a', bytes: randomBytes(1000) }]] });
    const admin = newToken(randomBytes);
    await writeFile(join(folder, 'admin.token'), admin.text);
    const open = await start(folder, 'open', '');
    children.push(open.child);
    const access = 'access: { initialAdmin: { file: admin.token }, requestsPerSecond: 1000000 }';
    const guarded = await start(folder, 'guarded', access);
    children.push(guarded.child);
    const issue = async (name: string): Promise<string> => {
      const response = await fetch(new URL(routes.createToken.path, guarded.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${admin.text}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, role: 'reader', repositories: [repository] }),
      });
      return ((await response.json()) as IssuedToken).text;
    };
    const tokens: string[] = [];
    for (let number = 0; number < connections; number += 1) tokens.push(await issue(`connection ${number}`));
    // What comes first pays for compiling the program.
    await load(open.url, requests, []);
    await load(guarded.url, requests, tokens);
    const times = await inTurns(runs, {
      open: () => timed(() => load(open.url, requests, [])),
      oneToken: () => timed(() => load(guarded.url, requests, tokens.slice(0, 1))),
      manyTokens: () => timed(() => load(guarded.url, requests, tokens)),
    });
    const perSecond = (seconds: number): number => requests / seconds;
    const unit = 'ratio of manifests per second';
    const peer = perSecond(times.open);
    for (const [name, seconds] of [
      ['reads-with-one-token-vs-without', times.oneToken],
      ['reads-with-many-tokens-vs-without', times.manyTokens],
    ] as const) {
      printResult({ name, value: times.open / seconds, unit, aim: '>= 0.7', ours: perSecond(seconds), peer });
    }
  } finally {
    for (const child of children) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  }
};

await main();
