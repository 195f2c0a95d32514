import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { CompiledPolicy } from '../../anonymizers/index.ts';
import { DynDataError, type MysqlSourceConfig } from '../../core/index.ts';
import { anyExtraction, type SourceSession } from '../extraction.ts';
import { inParallel } from '../in-parallel.ts';
import { createLending } from '../lending.ts';
import { translated } from '../translated.ts';
import { type MysqlTable, readTables, withRanges } from './catalog.ts';
import { mysqlError, openConnection } from './connection.ts';
import { readDefinitions } from './definitions.ts';
import { mysqlExtraction } from './extraction.ts';
import { observeMysql } from './observe.ts';
import { openSharedPoint } from './point.ts';
import { sampleTables } from './sample.ts';
import { mysqlSurvey } from './survey.ts';
import { refuseUnsupported } from './unsupported.ts';

/** Reading connections, all at one point in time: tables are read in parallel over them. */
const readerCount = 2;
/** Engines whose tables a consistent snapshot covers. */
const transactional = new Set(['InnoDB', 'ROCKSDB', 'TokuDB']);

/** A MySQL source with one connection for locks and `readerCount` for rows. @throws DynDataError see SourceSession */
export async function connectMysql(
  name: string,
  config: MysqlSourceConfig,
  password: string,
  signal: AbortSignal,
  { silenceLimitMs }: { readonly silenceLimitMs?: number } = {},
): Promise<SourceSession> {
  signal.throwIfAborted();
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => mysqlError(name, error), work);
  const control = await openConnection(name, config, password, silenceLimitMs);
  const readers: Connection[] = [];
  const disposeAll = async (): Promise<void> => {
    // `destroy`, not `end`: a connection in the middle of a result, or a dead one, would not answer any more.
    for (const connection of [control, ...readers]) connection.destroy();
  };
  try {
    for (let index = 0; index < readerCount; index += 1) readers.push(await openConnection(name, config, password, silenceLimitMs));
    const [versions] = await control.query<RowDataPacket[]>('SELECT VERSION() AS version, @@version_comment AS comment');
    const version = String(versions[0]?.version ?? '');
    const product = /mariadb/i.test(`${version} ${versions[0]?.comment}`) ? 'MariaDB' : 'MySQL';
    const source = { name, product } as const;
    const borrow = createLending(readers);
    let tables: MysqlTable[] = [];

    const session: SourceSession = {
      name,
      kind: 'mysql',
      server: { product, version },
      parallelism: readerCount,
      async openPoint(pointSignal) {
        tables = await guarded(() => readTables(source, control, config.databases));
        const notCovered = tables.filter(({ engine }) => !transactional.has(engine)).map(({ schema, name: table }) => `${schema}.${table}`);
        return guarded(() => openSharedPoint(source, control, readers, tables, notCovered, pointSignal));
      },
      async describe() {
        const [first] = readers;
        if (!first) throw new DynDataError('INTERNAL', 'The MySQL session has no reading connection.');
        // Read again inside the point: from here on definitions are held, or a change fails the reading of that table.
        tables = await guarded(() => readTables(source, first, config.databases));
        await guarded(() => refuseUnsupported(name, first, config.databases, tables));
        tables = await guarded(() => withRanges(first, tables));
        const definitions = await guarded(() => readDefinitions(name, first, config.databases, tables));
        return {
          live: { name, kind: 'mysql', tables, definitions: definitions.definitions },
          databases: definitions.databases,
          files: async (plan) => definitions.files(plan),
        };
      },
      async observe(policy, sink, observeSignal) {
        const observe = async (table: MysqlTable): Promise<void> => {
          await using lent = await borrow();
          await observeMysql(table, policy.table(name, table.schema, table.name), lent.item, name, sink, policy.known, observeSignal);
        };
        await inParallel(tables, readerCount, observe, observeSignal);
      },
      extractions(policy: CompiledPolicy) {
        return tables.map((table) => anyExtraction(mysqlExtraction(table, policy.table(name, table.schema, table.name), borrow, source)));
      },
      sample: (rows, sampleSignal) => sampleTables(tables, borrow, { sourceName: name, rows, signal: sampleSignal }),
      async survey(ask) {
        await using lent = await borrow();
        return await ask(mysqlSurvey(name, lent.item, tables));
      },
      // A transaction ends with its connection, and no other one can see what it saw.
      recover: async () => false,
      changed: async () => false,
      [Symbol.asyncDispose]: disposeAll,
    };
    return session;
  } catch (error) {
    await disposeAll();
    throw mysqlError(name, error);
  }
}
