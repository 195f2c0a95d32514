import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { type BuildPorts, build } from '../../builder/build.ts';
import { connectLdap } from '../../builder/ldap/session.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import { chunkCodec } from '../../builder/store.ts';
import { decodeManifest, type Manifest } from '../../core/index.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { createBlobStore, createCatalog, createChunkIndex, createMemoryObjects } from '../../storage/index.ts';

export const samplePolicyFile = new URL('../../stack/policies/prod.yaml', import.meta.url);
const repository = 'dynamease';

export type SampleBuild = {
  readonly connections: SampleConnections;
  readonly pgDump: string[];
  /** The text of the policy; the sample's own where left out. */
  readonly policy?: string;
  /** 64 hexadecimal digits. */
  readonly key?: string;
  readonly ports?: Pick<BuildPorts, 'prepareLeakScan'>;
};

/** Builds a snapshot of the sample system, all in memory. Gives its manifest, how long it took, and the rows of a table as they are in it. */
export async function buildSample({
  connections,
  pgDump,
  policy,
  key = '01'.repeat(32),
  ports,
}: SampleBuild): Promise<{ manifest: Manifest; durationMs: number; textOf(source: string, table: string): Promise<string> }> {
  const { mysql, ldap, postgres } = connections;
  const objects = createMemoryObjects();
  const text = policy ?? (await readFile(samplePolicyFile, 'utf8'));
  const startedAt = performance.now();
  const blobs = createBlobStore(objects);
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const index = createChunkIndex(objects, chunkCodec);
  const unused = { env: 'none' };
  const { digest } = await build(
    {
      environment: 'prod',
      repository,
      policy: parsePolicy(text, 'prod.yaml'),
      key: parseKey(key),
      connect: [
        (signal) =>
          connectMysql('mysql', { kind: 'mysql', ...mysql, password: unused, databases: [mysql.database] }, mysql.password, signal),
        (signal) =>
          connectLdap(
            'ldap',
            { kind: 'ldap', url: `ldap://${ldap.host}:${ldap.port}`, bindDn: ldap.bindDn, base: ldap.baseDn, password: unused },
            ldap.password,
            signal,
          ),
        (signal) =>
          connectPostgres('aerogear', { kind: 'postgres', ...postgres, password: unused, pgDump }, postgres.password, process.env, signal),
      ],
    },
    { blobs, catalog, index, now: () => new Date(), onProgress: () => undefined, ...ports },
    new AbortController().signal,
  );
  const durationMs = performance.now() - startedAt;
  const record = await catalog.snapshot(repository, digest);
  if (!record) throw new Error('The build left no record.');
  const { bytes } = await blobs.read(record.manifestDigest);
  const manifest = decodeManifest(await buffer(bytes));
  return {
    manifest,
    durationMs,
    async textOf(source, table) {
      const chunks = manifest.sources.find(({ name }) => name === source)?.tables.find(({ name }) => name === table)?.chunks ?? [];
      const texts = chunks.map(async ({ digest: chunk }) => {
        const stored = await index.find(chunk);
        if (!stored) throw new Error('A chunk is not in the store.');
        return zstdDecompressSync(await buffer((await blobs.read(stored.digest)).bytes)).toString();
      });
      return (await Promise.all(texts)).join('');
    },
  };
}
