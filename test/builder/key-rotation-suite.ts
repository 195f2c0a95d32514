import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseKey } from '../../anonymizers/index.ts';
import type { ManifestTable } from '../../core/index.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { pgDumpOfRun } from '../support/engine.ts';
import { buildSample, samplePolicyFile } from '../support/sample-build.ts';
import { forTinySystem } from '../support/tiny-system.ts';

type Built = Awaited<ReturnType<typeof buildSample>>;

const keys = ['a1'.repeat(32), 'b2'.repeat(32)] as const;

/** What two snapshots of one system have in common when the key was rotated between them. @param sample is read only */
export function keyRotationSuite(sample: () => SampleConnections): void {
  describe('two snapshots of one system under two keys', () => {
    let old: Built;
    let rotated: Built;

    beforeAll(async () => {
      const policy = stringify(forTinySystem(parse(await readFile(samplePolicyFile, 'utf8'))));
      const of = { connections: sample(), pgDump: pgDumpOfRun(), policy };
      old = await buildSample({ ...of, key: keys[0] });
      rotated = await buildSample({ ...of, key: keys[1] });
    });

    const tableOf = ({ manifest }: Built, source: string, table: string): ManifestTable => {
      const found = manifest.sources.find(({ name }) => name === source)?.tables.find(({ name }) => name === table);
      if (!found) throw new Error(`The snapshot has no table ${source} ${table}.`);
      return found;
    };
    /** In the order of the rows' keys. */
    const columnOf = async (built: Built, source: string, table: string, column: string): Promise<string[]> => {
      const index = tableOf(built, source, table).columns?.indexOf(column) ?? -1;
      const lines = (await built.textOf(source, table)).trimEnd().split('\n');
      return lines.map((line) => line.split('\t')[index] ?? '');
    };
    const mailsOf = async ({ manifest, textOf }: Built): Promise<string[]> => {
      const base = manifest.sources.find(({ name }) => name === 'ldap')?.tables[0]?.name ?? '';
      return [...(await textOf('ldap', base)).matchAll(/^mail: (.*)$/gm)].map(([, mail = '']) => mail);
    };
    /** Addresses of people as the three systems have them. */
    const addressesOf = async (built: Built): Promise<Readonly<Record<'mysql' | 'ldap' | 'aerogear', ReadonlySet<string>>>> => ({
      mysql: new Set(await columnOf(built, 'mysql', 'users', 'email')),
      ldap: new Set(await mailsOf(built)),
      aerogear: new Set(await columnOf(built, 'aerogear', 'installation', 'alias')),
    });
    const inBoth = (a: ReadonlySet<string>, b: ReadonlySet<string>): string[] => [...a].filter((value) => value !== '\\N' && b.has(value));

    it('say by which key each was made, and no more of it', () => {
      expect([old, rotated].map(({ manifest }) => manifest.key.id)).toEqual(keys.map((key) => parseKey(key).id));
      for (const { manifest } of [old, rotated]) for (const key of keys) expect(JSON.stringify(manifest)).not.toContain(key);
    });

    it('are of one policy, and say the same of every place', () => {
      expect(rotated.manifest.policy).toEqual(old.manifest.policy);
      const places = ({ manifest }: Built) => manifest.sources.map(({ name, places: recorded }) => [name, recorded]);
      expect(places(rotated)).toEqual(places(old));
    });

    it('join their systems alike, each within its key', async () => {
      const [before, after] = [await addressesOf(old), await addressesOf(rotated)];
      for (const other of ['ldap', 'aerogear'] as const) {
        expect(inBoth(before.mysql, before[other]).length).toBeGreaterThan(0);
        expect(inBoth(after.mysql, after[other]).length).toBe(inBoth(before.mysql, before[other]).length);
      }
    });

    it('join nothing of one with the other', async () => {
      const [before, after] = [await addressesOf(old), await addressesOf(rotated)];
      const all = (addresses: typeof before): ReadonlySet<string> => new Set(Object.values(addresses).flatMap((some) => [...some]));
      expect(inBoth(all(before), all(after))).toEqual([]);
      for (const column of ['login', 'email']) {
        const [one, other] = [await columnOf(old, 'mysql', 'users', column), await columnOf(rotated, 'mysql', 'users', column)];
        expect(other.length).toBe(one.length);
        expect(one.filter((value, row) => value !== '\\N' && value === other[row])).toEqual([]);
      }
    });

    it('have equal rows where no key is asked, in chunks of one digest', async () => {
      expect(await columnOf(rotated, 'mysql', 'users', 'id')).toEqual(await columnOf(old, 'mysql', 'users', 'id'));
      const digests = (built: Built): Map<string, string> =>
        new Map(
          built.manifest.sources.flatMap(({ name, tables }) =>
            tables.map((table) => [`${name} ${table.name}`, table.chunks.map(({ digest }) => digest).join()] as const),
          ),
        );
      const [before, after] = [digests(old), digests(rotated)];
      const keeps = ({ manifest }: Built): string[] =>
        manifest.sources.flatMap(({ name, tables, places = [] }) =>
          tables.flatMap(({ schema, name: table, rows }) => {
            const rules = places.filter(({ section }) => section === `${schema}.${table}`);
            return rows > 0 && rules.length > 0 && rules.every(({ rule }) => rule === 'keep') ? [`${name} ${table}`] : [];
          }),
        );
      expect(keeps(old).length).toBeGreaterThan(0);
      for (const table of keeps(old)) expect(after.get(table)).toBe(before.get(table));
      expect(after.get('mysql users')).not.toBe(before.get('mysql users'));
    });
  });
}
