import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Collected, digestOf, mediaTypes, routePath, routes } from '../../core/index.ts';
import { frameOf } from './collected-store.ts';
import { type Content, contentOf, createOciClient, jsonContent, jsonOf, locationOf, manifestType } from './oci-client.ts';
import { createBuild, endOf } from './production.ts';
import type { RawResponse } from './raw-http.ts';

const chunkPool = Array.from({ length: 16 }, (_none, index) => `shared-${index}`);
const chunksAtOnce = 3;
/** Of each builder's environment and of the pusher: those after them are removed. */
const keptSnapshots = 3;
/** Each is pushed to by one, who mounts from the other what he can. */
const pushedRepositories = ['pushed/one', 'pushed/two'] as const;

/** Some chunks of the pool; the same seed gives the same ones. */
export function chunksOf(seed: string): string[] {
  const bytes = Buffer.from(digestOf(seed).slice('sha256:'.length), 'hex');
  return Array.from({ length: chunksAtOnce }, (_none, index) => chunkPool[(bytes[index] ?? 0) % chunkPool.length] ?? '');
}

type Snapshot = { readonly repository: string; readonly digest: string; readonly tag: string };

/** What was acknowledged and was not asked to be removed, and how much went on. */
export type Played = {
  readonly snapshots: readonly Snapshot[];
  readonly builds: number;
  readonly pushes: number;
  /** Pushes, or parts of them, that were begun again because something had gone. */
  readonly refusals: number;
  readonly mounts: number;
  readonly collections: readonly Collected[];
};

export type Play = {
  /** An address of a registry that is up. */
  readonly url: () => string;
  /** Environments that are built all the time, each after its last; `team/<name>` is the repository. */
  readonly environments: readonly string[];
  /** Whether it has been enough, asked between two runs of the collector. */
  readonly isEnough: (played: Played) => boolean;
  /** Called between two runs of the collector. */
  readonly onCollected?: (run: number) => Promise<void>;
};

/**
 * Builds, pushes, removals and the collector beside each other, all of them all the time, through the registries' own addresses. Answers that
 * fail or do not come are no acknowledgement: what they were for is asked for again.
 */
export async function playProduction({ url, environments, isEnough, onCollected }: Play): Promise<Played> {
  const snapshots: Snapshot[] = [];
  const collections: Collected[] = [];
  const played = { snapshots, collections, builds: 0, pushes: 0, refusals: 0, mounts: 0 };
  let isOver = false;

  /** Its own from before it is asked for: a removal whose answer is lost may have been done. */
  const forget = (snapshot: Snapshot): void => void snapshots.splice(snapshots.indexOf(snapshot), 1);

  const build = async (environment: string): Promise<void> => {
    const repository = `team/${environment}`;
    const own: Snapshot[] = [];
    for (let number = 0; !isOver; number += 1) {
      const tag = `${environment}-${number}`;
      const { id } = await untilAnswered(() => createBuild(url(), environment, tag, tag));
      const job = await endOf(url, id, giveUpMs);
      expect(job, `the build of ${tag}`).toMatchObject({ state: 'succeeded' });
      const snapshot = { repository, digest: job.digest ?? '', tag };
      snapshots.push(snapshot);
      own.push(snapshot);
      played.builds += 1;
      const old = own.length > keptSnapshots ? own.shift() : undefined;
      if (!old) continue;
      forget(old);
      const path = routePath(routes.removeSnapshot.path, { repository, digest: old.digest });
      await untilAnswered(() => post(`${url()}${path}`, { tags: [old.tag], pins: [] }, [204, 404]));
    }
  };

  const push = async (repository: string, from: string): Promise<void> => {
    const own: Snapshot[] = [];
    for (let number = 0; !isOver; number += 1) {
      const tag = `pushed-${number}`;
      const seed = `${repository} ${tag}`;
      const client = createOciClient(() => Number(new URL(url()).port));
      const layers = [...chunksOf(seed).map((chunk) => contentOf(frameOf(chunk))), contentOf(`layer of ${seed}`)];
      const digest = await untilAnswered(async () => {
        const pushed = await pushImage(client, { repository, from, tag, layers });
        played.mounts += pushed.mounts;
        if (pushed.digest === undefined) {
          played.refusals += 1;
          throw new Error(`${seed} is not pushed: ${pushed.refusal}`);
        }
        return pushed.digest;
      });
      const snapshot = { repository, digest, tag };
      snapshots.push(snapshot);
      own.push(snapshot);
      played.pushes += 1;
      const old = own.length > keptSnapshots ? own.shift() : undefined;
      if (!old) continue;
      forget(old);
      await untilAnswered(async () => {
        const { status } = await client.send('DELETE', `/v2/${old.repository}/manifests/${old.digest}`);
        if (![202, 404].includes(status)) throw new Error(`the removal was answered with ${status}`);
      });
    }
  };

  const collectAll = async (): Promise<void> => {
    for (let run = 0; ; run += 1) {
      await onCollected?.(run);
      if (isEnough(played)) break;
      collections.push(await collectOnce(url));
    }
    isOver = true;
  };

  const [one, two] = pushedRepositories;
  const working = [...environments.map(build), push(one, two), push(two, one), collectAll()];
  // The others end when one has failed.
  for (const work of working) {
    work.catch(() => {
      isOver = true;
    });
  }
  await Promise.all(working);
  return played;
}

/** How many blobs these runs removed. */
export function removedBlobs(collections: readonly Collected[]): number {
  return collections.reduce((sum, { kinds }) => sum + (kinds.blobs?.removed.count ?? 0), 0);
}

/** One run of the collector by whichever builder takes it. */
export async function collectOnce(url: () => string, dryRun = false): Promise<Collected> {
  const answer = await untilAnswered(() => post(`${url()}${routes.collect.path}`, { dryRun }, [202]));
  const { id } = routes.collect.answer.parse(await answer.json());
  const job = await endOf(url, id, giveUpMs);
  expect(job, 'the run of the collector').toMatchObject({ state: 'succeeded' });
  if (!job.collected) throw new Error('The collector tells no counts');
  return job.collected;
}

/**
 * Pulls everything that can be seen through a registry, compares it with its digests and has each repository verified; what was
 * acknowledged must be among it, under its tag.
 */
export async function pullAll(url: () => string, acknowledged: readonly Snapshot[]): Promise<string[]> {
  const client = createOciClient(() => Number(new URL(url()).port));
  const get = async (path: string): Promise<RawResponse> => {
    const response = await client.send('GET', path);
    expect(response.status, `${path}: ${response.status === 200 ? '' : response.body.toString()}`).toBe(200);
    return response;
  };
  const seen = new Map<string, string>();
  const { repositories } = jsonOf(await get('/v2/_catalog?n=100')) as { repositories: string[] };
  for (const repository of repositories) {
    const { tags } = jsonOf(await get(`/v2/${repository}/tags/list?n=1000`)) as { tags: string[] };
    for (const tag of tags) {
      const { body } = await get(`/v2/${repository}/manifests/${tag}`);
      seen.set(`${repository}:${tag}`, digestOf(body));
      const { config, layers } = JSON.parse(body.toString()) as Record<'config', { digest: string }> & { layers: { digest: string }[] };
      for (const { digest } of [config, ...layers]) expect(digestOf((await get(`/v2/${repository}/blobs/${digest}`)).body)).toBe(digest);
    }
    const answer = await post(`${url()}${routes.createJob.path}`, { kind: 'verify', repository }, [202]);
    const { id } = routes.createJob.answer.parse(await answer.json());
    expect(await endOf(url, id, giveUpMs), `verifying ${repository}`).toMatchObject({ state: 'succeeded' });
  }
  for (const { repository, tag, digest } of acknowledged) expect(seen.get(`${repository}:${tag}`), `${repository}:${tag}`).toBe(digest);
  return [...seen].map(([name, digest]) => `${name} ${digest}`).sort();
}

type Pushed = { readonly digest?: string; readonly refusal?: string; readonly mounts: number };

type Image = { readonly repository: string; readonly from: string; readonly tag: string; readonly layers: readonly Content[] };

/** As a tool pushes: asks for each blob, mounts it from the other repository or sends it, then the manifest. Without a digest: begin again. */
async function pushImage(client: ReturnType<typeof createOciClient>, { repository, from, tag, layers }: Image): Promise<Pushed> {
  const config = jsonContent({ tag });
  let mounts = 0;
  for (const content of [...layers, config]) {
    const { digest } = content;
    if ((await client.send('HEAD', `/v2/${repository}/blobs/${digest}`)).status === 200) continue;
    const query = { mount: digest, from };
    const mounted = await client.send('POST', `/v2/${repository}/blobs/uploads/`, { query });
    if (mounted.status === 201) {
      mounts += 1;
      continue;
    }
    if (mounted.status !== 202) return { mounts, refusal: refusalOf('the beginning of an upload', mounted) };
    const sent = await client.send('PUT', locationOf(mounted), { query: { digest }, body: content.bytes });
    if (sent.status !== 201) return { mounts, refusal: refusalOf('a blob', sent) };
  }
  const manifest = jsonContent({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: mediaTypes.imageConfig, digest: config.digest, size: config.size },
    layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.layer, digest, size })),
  });
  const pushed = await client.pushManifest(repository, tag, manifest);
  return pushed.status === 201 ? { digest: manifest.digest, mounts } : { mounts, refusal: refusalOf('the manifest', pushed) };
}

const refusalOf = (what: string, { status, body }: RawResponse): string => `${what} was answered with ${status} ${body.toString()}`;

async function post(address: string, body: unknown, statuses: readonly number[]): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!statuses.includes(response.status)) throw new Error(`${address} answered ${response.status}: ${await response.text()}`);
  return response;
}

/** S3 that falls silent is asked again after a minute, and one job may meet that several times. */
const giveUpMs = 600_000;
const pauseMs = 100;

/** Again until it is answered as it should be. @throws what the last try threw */
async function untilAnswered<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + giveUpMs; ; ) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(pauseMs);
    }
  }
}
