import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { type DataImage, makeDataImage, type SourceContent } from '../support/data-image.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { postgresSource, pushDbService } from '../support/shop-data.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

const example = join(import.meta.dirname, '../../deploy/test-server');
const project = 'dyn-data-test-server';
/** Whoever asks is told how many rows there are, or that there is no database. */
const application = `use IO::Socket;
$SIG{TERM} = sub { exit };
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 50, ReuseAddr => 1) or die;
while (my $client = $server->accept) {
  while (my $line = <$client>) { last if $line =~ /^\\s*$/ }
  my $rows = \`psql -h push-db -U push -d push -XAtc 'SELECT COUNT(*) FROM installation' 2>/dev/null\`;
  print $client "HTTP/1.0 ", $rows eq '' ? '503 Away' : '200 OK', "\\r\\n\\r\\n", $rows;
  close $client;
}
`;
const composeFile = `
services:
${pushDbService}    healthcheck: { test: ["CMD", "pg_isready", "-h127.0.0.1"], interval: 1h }
  web:
    image: \${POSTGRES_IMAGE}
    entrypoint: ["perl", "/application.pl"]
    environment: { PGPASSWORD: geheim }
    volumes: ["./application.pl:/application.pl:ro"]
    ports: ["127.0.0.1:\${WEB_PORT}:80"]
    depends_on: { push-db: { condition: service_healthy } }
    healthcheck: { test: ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/80"], interval: 1h }
volumes: { push: }
`;
const frontConfiguration = (port: number): string => `worker_processes 1;
events {}
http {
  access_log off;
  include /front/upstream.conf;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://test_server; } }
}
`;

/** What somebody saw who asked all the time. */
type Seen = {
  /** Each answer that differs from the one before. */
  readonly answers: readonly string[];
  /** The longest time from one good answer to the next, and when that began. */
  readonly longestAwayMs: number;
  readonly awayFromMs: number;
  readonly asked: number;
};

describeWithEngine('the users of a test server that is refreshed', () => {
  let registry: SmallRegistry;
  let client: ClientProject;
  let settings: Record<string, string>;
  let address = '';
  const images: DataImage[] = [];
  const front = `${project}-front`;

  const publish = async (tag: string, source: SourceContent): Promise<DataImage> => {
    const image = await makeDataImage([source]);
    registry.add('shop', tag, image);
    images.push(image);
    return image;
  };

  beforeAll(async () => {
    registry = await startSmallRegistry();
    await publish('may', postgresSource({ installations: 30 }));
    await publish('june', postgresSource({ installations: 40 }));
    await publish('wrong', { ...postgresSource({ installations: 50 }), after: ['SELECT 1/0;\n'] });
    client = await createClientProject({ registry: registry.url, project, composeFile, env: imageVariables() });
    const { folder } = client;
    await writeFile(join(folder, 'application.pl'), application);
    await cp(example, folder, { recursive: true });
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await bundleClient(join(bin, 'dyn-data'));
    await symlink(process.execPath, join(bin, 'node'));

    const [portA, portB, portOfFront] = [await freePort(), await freePort(), await freePort()];
    address = `http://127.0.0.1:${portOfFront}/`;
    const upstream = join(folder, 'front/upstream.conf');
    await mkdir(join(folder, 'front'));
    await writeFile(upstream, `upstream test_server { server 127.0.0.1:${portA}; }\n`);
    await writeFile(join(folder, 'front/nginx.conf'), frontConfiguration(portOfFront));
    const { NGINX_IMAGE = '' } = imageVariables();
    const program = [NGINX_IMAGE, 'nginx', '-c', '/front/nginx.conf', '-g', 'daemon off;'];
    const args = ['--detach', '--name', front, '--network', 'host', '--volume', `${join(folder, 'front')}:/front:ro`];
    await runOrFail('Starting the proxy', 'docker', ['run', ...args, ...program]);
    settings = {
      ...imageVariables(),
      PATH: [bin, process.env.PATH].join(delimiter),
      STATE_DIRECTORY: join(folder, 'state'),
      PROJECT: project,
      PORT_NAME: 'WEB_PORT',
      PORT_A: String(portA),
      PORT_B: String(portB),
      SWITCH: join(folder, 'switch-nginx.sh'),
      NGINX_UPSTREAM: upstream,
      NGINX_RELOAD: `docker exec ${front} nginx -s reload`,
    };
  });
  afterAll(async () => {
    for (const name of [project, `${project}-a`, `${project}-b`]) await client.run(['-p', name, 'down', '-v'], { WEB_PORT: '0' });
    await client.docker(['rm', '--force', '--volumes', front]);
    for (const { digest } of images) await client.docker(['image', 'rm', `${registry.host}/shop@${digest}`]);
    await client[Symbol.asyncDispose]();
    await registry.close();
  });

  const startRefresh = (snapshot: string, more: Readonly<Record<string, string>> = {}, ...mode: string[]) => {
    const child = spawn(join(client.folder, 'refresh.sh'), mode, {
      cwd: client.folder,
      env: { ...process.env, ...settings, SNAPSHOT: snapshot, ...more },
      // As of a unit: what ends it ends all that it runs.
      detached: true,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (bytes) => {
      stdout += bytes;
    });
    child.stderr.on('data', (bytes) => {
      stderr += bytes;
    });
    const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, stdout, stderr }));
    return { child, ended, told: () => stderr };
  };
  const refresh = (...args: Parameters<typeof startRefresh>) => startRefresh(...args).ended;
  const running = async (name: string): Promise<string> =>
    (await client.docker(['ps', '-aq', '--filter', `label=com.docker.compose.project=${name}`])).stdout.trim();

  /** Asks all the time while something is done. */
  const watched = async <T>(what: () => Promise<T>): Promise<[T, Seen]> => {
    const stop = new AbortController();
    const watching = (async (): Promise<Seen> => {
      const answers: string[] = [];
      let [lastGoodMs, longestAwayMs, awayFromMs, asked] = [performance.now(), 0, 0, 0];
      while (!stop.signal.aborted || performance.now() - lastGoodMs > 500) {
        const answer = await fetch(address, { signal: AbortSignal.timeout(20_000) }).then(
          async (response) => (response.ok ? await response.text() : `status ${response.status}`),
          (error: Error) => error.name,
        );
        asked += 1;
        if (answers.at(-1) !== answer.trim()) answers.push(answer.trim());
        const nowMs = performance.now();
        if (/^\d+$/.test(answer.trim())) {
          if (nowMs - lastGoodMs > longestAwayMs) [longestAwayMs, awayFromMs] = [nowMs - lastGoodMs, lastGoodMs];
          lastGoodMs = nowMs;
        } else if (stop.signal.aborted && nowMs - lastGoodMs > 60_000) break;
        await sleep(10);
      }
      return { answers, longestAwayMs, awayFromMs, asked };
    })();
    const done = await what();
    await sleep(1_000);
    stop.abort();
    return [done, await watching];
  };

  test('beside: nobody is sent away, and nobody sees the older data again', async () => {
    const first = await refresh('may');
    expect(first.exitCode, first.stderr).toBe(0);
    const [second, seen] = await watched(() => refresh('june'));
    expect(second.exitCode, second.stderr).toBe(0);
    expect(second.stderr).toContain(`${project}-b serves june on port ${settings.PORT_B}.`);
    expect(seen.answers).toEqual(['30', '40']);
    expect(seen.asked).toBeGreaterThan(50);
    expect(await running(`${project}-a`)).toBe('');
    console.log(`beside: ${seen.asked} questions, ${seen.longestAwayMs.toFixed(0)} ms between two answers at most`);
  });

  test.each([
    ['there is no such snapshot', 'never-taken', {}, 3],
    ['the restore fails', 'wrong', {}, 6],
    ['the users cannot be led there', 'may', { NGINX_RELOAD: 'false' }, 1],
  ])('beside, where %s: users keep what they have, and nothing half-made stays', async (_what, snapshot, more, exitCode) => {
    const [failed, seen] = await watched(() => refresh(snapshot, more));
    expect(failed.exitCode, failed.stderr).toBe(exitCode);
    expect(failed.stderr).toContain(`The refresh failed (${exitCode}); ${project}-b goes on serving.`);
    expect(seen.answers).toEqual(['40']);
    expect(await running(`${project}-a`)).toBe('');
    expect(await readFile(join(settings.STATE_DIRECTORY ?? '', 'serving'), 'utf8')).toBe('b\n');
  });

  test('beside, ended while it works: likewise, and the next one switches', async () => {
    const [ended, seen] = await watched(async () => {
      const begun = startRefresh('may');
      await expect.poll(() => running(`${project}-a`), { timeout: 60_000 }).not.toBe('');
      process.kill(-(begun.child.pid ?? 0), 'SIGTERM');
      return begun.ended;
    });
    expect(ended.stderr).toContain(`${project}-b goes on serving.`);
    expect(ended.exitCode).not.toBe(0);
    expect(seen.answers).toEqual(['40']);
    expect(await running(`${project}-a`)).toBe('');
    const [next, after] = await watched(() => refresh('may'));
    expect(next.exitCode, next.stderr).toBe(0);
    expect(after.answers).toEqual(['40', '30']);
  });

  test('in place: users are away while it is restored, and not while it is pulled', async () => {
    // The stack of the last test, which is now the only one.
    const only = { PROJECT: `${project}-a`, WEB_PORT: settings.PORT_A ?? '' };
    const july = await publish('july', postgresSource({ installations: 60 }));
    const [layer] = JSON.parse(Buffer.from(july.imageManifest).toString()).layers;
    const bytes = july.blobs.get(layer.digest) ?? Buffer.alloc(0);
    const slowMs = 4_000;
    let pulledMs = 0;
    registry.answer(`/v2/shop/blobs/${layer.digest}`, async (_request, response) => {
      await sleep(slowMs);
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length }).end(bytes);
      pulledMs = performance.now();
    });
    const [done, seen] = await watched(() => refresh('july', only, 'in-place'));
    expect(done.exitCode, done.stderr).toBe(0);
    const { durationMs, pullMs } = JSON.parse(done.stdout);
    expect(pullMs).toBeGreaterThan(slowMs);
    expect([seen.answers[0], seen.answers.at(-1)]).toEqual(['30', '60']);
    // Nothing of both, such as no rows, is seen between.
    expect(seen.answers.filter((answer) => /^\d+$/.test(answer))).toEqual(['30', '60']);
    expect(seen.awayFromMs).toBeGreaterThan(pulledMs);
    expect(seen.longestAwayMs).toBeLessThan(durationMs - pullMs + 500);
    console.log(`in place: away for ${seen.longestAwayMs.toFixed(0)} ms; up took ${durationMs} ms, ${pullMs} of them to pull`);
  });

  test('in place, where it fails: before the restore users keep what they have, after that the next one brings it back', async () => {
    const only = { PROJECT: `${project}-a`, WEB_PORT: settings.PORT_A ?? '' };
    const [notFound, seen] = await watched(() => refresh('never-taken', only, 'in-place'));
    expect([notFound.exitCode, seen.answers]).toEqual([3, ['60']]);
    const broken = await refresh('wrong', only, 'in-place');
    expect(broken.stderr).toContain('"code":"RESTORE_FAILED"');
    expect(broken.exitCode).toBe(6);
    expect((await fetch(address)).ok).toBe(false);
    const mended = await refresh('may', only, 'in-place');
    expect(mended.exitCode, mended.stderr).toBe(0);
    expect((await (await fetch(address)).text()).trim()).toBe('30');
  });
});
