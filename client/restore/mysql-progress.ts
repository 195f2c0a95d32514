import type { ManifestSource } from '../../core/manifest.ts';
import { literal, type MysqlClient, quote, unhex } from './mysql-client.ts';

/** What the server says of a table that the snapshot has. */
export type TargetTable = {
  /** InnoDB undoes what was not committed; of other engines it is not known how much of a cut load is there. */
  readonly transactional: boolean;
  /** Numbers of its chunks, in the order of loading, that are loaded and committed. */
  readonly loaded: ReadonlySet<number>;
  readonly indexed: boolean;
};

/**
 * How far a restore is, in a database of its own in the very server: a run of chunks is noted in the transaction that loads it, so what is
 * noted is loaded and nothing else is, whether the client, the container or the machine is cut off. It lives and dies with the data, and is
 * dropped when the rows were counted.
 */
export type MysqlProgress = {
  /** After `before` was run on databases just made: everything is still to be loaded. One for each table of the manifest, in its order. */
  begin(snapshot: string): Promise<TargetTable[]>;
  /** What an earlier run of this snapshot left; undefined where there is nothing that can be gone on with. */
  find(snapshot: string): Promise<TargetTable[] | undefined>;
  /** Before `after` is run: what it makes cannot be made twice, so from here a cut restore starts over. */
  end(): Promise<void>;
  drop(): Promise<void>;
  /** For the transaction that loads them. */
  loaded(table: number, first: number, count: number): string;
};

export function createMysqlProgress(client: MysqlClient, source: ManifestSource): MysqlProgress {
  let name = 'dyn_data_restore';
  while (source.databases.some((database) => database.name.toLowerCase() === name)) name += '_';
  const inside = (table: string): string => `${quote(name)}.${table}`;
  const exists = async (): Promise<boolean> =>
    (await client.query('Looking for progress', `SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '${name}'`)).length > 0;

  /** Engine and number of indexes of every table in the source's databases, by schema and name. */
  const targets = async (): Promise<Map<string, { readonly engine: string; readonly indexes: number }>> => {
    const names = source.databases.map((database) => literal(database.name)).join(', ');
    if (names === '') return new Map();
    const lines = await client.query(
      'Looking at the tables',
      `SELECT HEX(CONVERT(t.TABLE_SCHEMA USING utf8mb4)), HEX(CONVERT(t.TABLE_NAME USING utf8mb4)), COALESCE(t.ENGINE, ''), COUNT(DISTINCT s.INDEX_NAME)
       FROM information_schema.TABLES t LEFT JOIN information_schema.STATISTICS s ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME
       WHERE t.TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') AND t.TABLE_SCHEMA IN (${names}) GROUP BY t.TABLE_SCHEMA, t.TABLE_NAME, t.ENGINE`,
    );
    return new Map(
      lines.map((line) => {
        const [schema, table, engine = '', indexes] = line.split('\t');
        return [`${unhex(schema)}\0${unhex(table)}`, { engine, indexes: Number(indexes) }];
      }),
    );
  };

  return {
    async begin(snapshot) {
      const found = await targets();
      const tables = source.tables.map((table) => found.get(`${table.schema}\0${table.name}`));
      const counts = tables.map((table, number) => `(${number}, ${table?.indexes ?? 0})`);
      await client.query(
        'Beginning to note progress',
        [
          `CREATE DATABASE ${quote(name)}`,
          `CREATE TABLE ${inside('chunks')} (table_number INT NOT NULL, first_chunk INT NOT NULL, chunk_count INT NOT NULL, PRIMARY KEY (table_number, first_chunk)) ENGINE = InnoDB`,
          `CREATE TABLE ${inside('indexes')} (table_number INT NOT NULL PRIMARY KEY, at_first INT NOT NULL) ENGINE = InnoDB`,
          `CREATE TABLE ${inside('snapshot')} (digest VARCHAR(100) NOT NULL PRIMARY KEY) ENGINE = InnoDB`,
          ...(counts.length === 0 ? [] : [`INSERT INTO ${inside('indexes')} VALUES ${counts.join(', ')}`]),
          `INSERT INTO ${inside('snapshot')} VALUES (${literal(snapshot)})`,
        ].join(';\n'),
      );
      return tables.map((table) => ({ transactional: table?.engine === 'InnoDB', loaded: new Set<number>(), indexed: false }));
    },
    async find(snapshot) {
      if (!(await exists())) return undefined;
      const noted = `SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${name}' AND TABLE_NAME = 'snapshot'`;
      if ((await client.query('Looking for progress', noted)).length === 0) return undefined;
      const [found] = await client.query('Reading progress', `SELECT digest FROM ${inside('snapshot')}`);
      if (found !== snapshot) return undefined;
      const atFirst = new Map(
        (await client.query('Reading progress', `SELECT table_number, at_first FROM ${inside('indexes')}`)).map((line) => {
          const [table, count] = line.split('\t').map(Number);
          return [table, count];
        }),
      );
      const loaded = source.tables.map(() => new Set<number>());
      for (const line of await client.query('Reading progress', `SELECT table_number, first_chunk, chunk_count FROM ${inside('chunks')}`)) {
        const [table = 0, first = 0, number = 0] = line.split('\t').map(Number);
        for (let chunk = first; chunk < first + number; chunk += 1) loaded[table]?.add(chunk);
      }
      const present = await targets();
      const tables: TargetTable[] = [];
      for (const [number, { schema, name: table }] of source.tables.entries()) {
        const target = present.get(`${schema}\0${table}`);
        const before = atFirst.get(number);
        if (!target || before === undefined) return undefined;
        const transactional = target.engine === 'InnoDB';
        // All indexes of a table come in one statement, which is done or not.
        tables.push({ transactional, loaded: transactional ? (loaded[number] ?? new Set()) : new Set(), indexed: target.indexes > before });
      }
      return tables;
    },
    async end() {
      await client.query('Noting progress', `DELETE FROM ${inside('snapshot')}`);
    },
    async drop() {
      await client.query('Dropping the notes of progress', `DROP DATABASE IF EXISTS ${quote(name)}`);
    },
    loaded: (table, first, count) => `INSERT INTO ${inside('chunks')} VALUES (${table}, ${first}, ${count});`,
  };
}
