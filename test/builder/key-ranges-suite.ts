import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceSession } from '../../builder/extraction.ts';
import type { SourceData } from '../../builder/source-data.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { createBlobStore, createMemoryObjects } from '../../storage/index.ts';
import { openMysqlBank, openPostgresBank } from '../support/bank.ts';
import { pgDumpOfRun } from '../support/engine.ts';
import { keepAll, readSource } from '../support/read-source.ts';

const database = 'ranges';
const rows = 260_000;
const least = -60_000;

type System = { open(): Promise<SourceSession>; run(sql: string): Promise<unknown> };

/** Rows of whole numbers from `least` on, without gaps. */
const fill = {
  mysql: `INSERT INTO large SELECT n + ${least}, CONCAT('row ', n, REPEAT('x', n % 50)) FROM (
  SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d AS n FROM digits a, digits b, digits c, digits d, digits e, digits f) AS numbers WHERE n < ${rows}`,
  postgres: `INSERT INTO large SELECT n + ${least}, 'row ' || n || repeat('x', n % 50) FROM generate_series(0, ${rows - 1}) n`,
};

/** @param sample is given a database `ranges` in MySQL and a table `large` in PostgreSQL */
export function keyRangesSuite(sample: () => SampleConnections): void {
  describe('a large table', () => {
    const systems = new Map<'mysql' | 'postgres', System>();
    let connections: SampleConnections;
    let my: mysql.Connection;
    let post: pg.Client;

    beforeAll(async () => {
      connections = sample();
      const { host, port, user, password } = connections.mysqlAdmin;
      my = await mysql.createConnection({ host, port, user, password });
      await my.query(`CREATE DATABASE ${database}`);
      await my.query(`USE ${database}`);
      await my.query('CREATE TABLE digits (d INT PRIMARY KEY)');
      await my.query('INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)');
      post = new pg.Client(connections.postgresAdmin);
      await post.connect();
      systems.set('mysql', { open: () => openMysqlBank(connections.mysqlAdmin, database), run: (sql) => my.query(sql) });
      systems.set('postgres', {
        open: () => openPostgresBank(connections.postgres, pgDumpOfRun()),
        run: (sql) => post.query(sql),
      });
      for (const [kind, { run }] of systems) {
        await run(
          `CREATE TABLE large (id ${kind === 'mysql' ? 'INT' : 'int'} PRIMARY KEY, note ${kind === 'mysql' ? 'VARCHAR(200)' : 'text'})`,
        );
        await run(fill[kind]);
      }
    });

    afterAll(async () => {
      await my?.end();
      await post?.end();
    });

    describe.each(['mysql', 'postgres'] as const)('of %s', (kind) => {
      const objects = createMemoryObjects();
      const read = async (): Promise<{ data: SourceData; parts: number | undefined }> => {
        await using session = await (systems.get(kind) as System).open();
        const { data } = await readSource(session, objects);
        return { data, parts: session.extractions(keepAll).find(({ name }) => name === 'large')?.partCount };
      };
      const tableOf = ({ manifest }: SourceData) => manifest.tables.find(({ name }) => name === 'large');
      const idsOf = async (data: SourceData): Promise<number[]> => {
        const blobs = createBlobStore(objects);
        const ids: number[] = [];
        for (const { content } of data.data.filter((file) => file.path.startsWith(`snapshot/${tableOf(data)?.path}/`))) {
          const text = zstdDecompressSync(await buffer((await blobs.read(content.digest)).bytes)).toString();
          for (const line of text.trimEnd().split('\n')) ids.push(Number(line.split('\t')[0]));
        }
        return ids;
      };
      let first: SourceData;

      it('is read in several ranges, and has every row once and in order', async () => {
        const { data, parts } = await read();
        first = data;
        expect(parts).toBeGreaterThan(3);
        expect(tableOf(data)?.rows).toBe(rows);
        expect(await idsOf(data)).toEqual(Array.from({ length: rows }, (_item, index) => index + least));
      });

      it('gives the same chunks again, and the next night those that did not change', async () => {
        const again = await read();
        expect(again.data.manifest.tables).toEqual(first.manifest.tables);
        const { run } = systems.get(kind) as System;
        await run(`UPDATE large SET note = 'changed' WHERE id = 7`);
        await run(`DELETE FROM large WHERE id = 100000`);
        await run(`INSERT INTO large VALUES (${rows + least}, 'new')`);
        const { data } = await read();
        const before = new Set(tableOf(first)?.chunks.map(({ digest }) => digest));
        const fresh = tableOf(data)?.chunks.filter(({ digest }) => !before.has(digest)) ?? [];
        expect(tableOf(data)?.rows).toBe(rows);
        expect(fresh.length).toBeGreaterThan(0);
        expect(fresh.length).toBeLessThanOrEqual(6);
      });
    });
  });
}
