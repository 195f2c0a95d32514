import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { DefinitionsPlan, LiveDefinition } from '../../anonymizers/index.ts';
import { DynDataError, type ManifestSource } from '../../core/index.ts';
import type { SchemaFile } from '../extraction.ts';
import { qualifiedName, quoteName } from './connection.ts';
import { splitForeignKeys, withoutComments } from './create-table.ts';
import { readTexts, shortDigest } from './definition-texts.ts';
import type { TableName } from './point.ts';

type Row = RowDataPacket & Record<string, string | null>;

type Program = { readonly kind: 'view' | 'routine' | 'trigger' | 'event'; readonly name: string; readonly statements: readonly string[] };

/** The structure of one source's databases, as it is at the source; `files` is what of it goes into the snapshot. */
export type Definitions = {
  readonly databases: ManifestSource['databases'];
  readonly definitions: readonly LiveDefinition[];
  /** What creates the tables empty before the rows, and everything that rests on tables after them. */
  files(plan: DefinitionsPlan): { before: SchemaFile[]; after: SchemaFile[] };
};

/** @throws DynDataError SOURCE_PERMISSION_DENIED where the server hides the body of a routine. */
export async function readDefinitions(
  sourceName: string,
  connection: Connection,
  databases: readonly string[],
  tables: readonly TableName[],
): Promise<Definitions> {
  const reader = createReader(sourceName, connection);
  const created: ManifestSource['databases'] = [];
  const all = new Map<string, { readonly tables: readonly string[]; readonly programs: readonly Program[] }>();
  for (const database of databases) {
    const [row] = await reader.rows('SHOW CREATE DATABASE ??', [database]);
    created.push({ name: database, create: row?.['Create Database'] ?? `CREATE DATABASE ${quoteName(database)}` });
    const creations: string[] = [];
    for (const { name } of tables.filter(({ schema }) => schema === database)) {
      creations.push(await reader.definition('TABLE', database, name, 'Create Table'));
    }
    all.set(database, {
      tables: creations,
      programs: [
        ...(await routines(reader, database)),
        ...(await views(reader, database)),
        ...(await triggers(reader, database)),
        ...(await events(reader, database)),
      ],
    });
  }
  return {
    databases: created,
    definitions: [
      ...(await readTexts(connection, databases)),
      ...[...all.values()].flatMap(({ programs }) =>
        programs.map(({ kind, name, statements }) => ({ kind, name, digest: shortDigest(statements.join('\n')), droppable: true })),
      ),
    ],
    files(plan) {
      const files: { before: SchemaFile[]; after: SchemaFile[] } = { before: [], after: [] };
      for (const [database, { tables: creations, programs }] of all) {
        const split = creations.map((create) => splitForeignKeys(plan.comments === 'drop' ? withoutComments(create) : create));
        const foreignKeys = split.flatMap(({ create, constraints }) => {
          const table = /^CREATE (?:\w+ )*TABLE (`(?:[^`]|``)*`)/.exec(create)?.[1];
          return constraints.length > 0 ? [`ALTER TABLE ${table} ${constraints.map((constraint) => `ADD ${constraint}`).join(', ')}`] : [];
        });
        const kept = programs.filter(({ name }) => !plan.drops(name)).flatMap(({ statements }) => statements);
        files.before.push(
          sqlFile(
            `${database}.tables.sql`,
            database,
            split.map(({ create }) => create),
          ),
        );
        files.after.push(sqlFile(`${database}.after.sql`, database, [...foreignKeys, ...kept]));
      }
      return files;
    },
  };
}

type Reader = {
  rows(sql: string, parameters: readonly unknown[]): Promise<Row[]>;
  /** One column of SHOW CREATE. */
  definition(kind: string, database: string, name: string, column: string): Promise<string>;
  show(kind: string, database: string, name: string): Promise<Row>;
};

function createReader(sourceName: string, connection: Connection): Reader {
  const rows: Reader['rows'] = async (sql, parameters) => (await connection.query<Row[]>(sql, [...parameters]))[0];
  const show: Reader['show'] = async (kind, database, name) => {
    const [row] = await rows(`SHOW CREATE ${kind} ${qualifiedName(database, name)}`, []);
    if (!row) throw hidden(sourceName, kind, database, name);
    return row;
  };
  return {
    rows,
    show,
    async definition(kind, database, name, column) {
      const text = (await show(kind, database, name))[column];
      if (!text) throw hidden(sourceName, kind, database, name);
      return text;
    },
  };
}

function hidden(sourceName: string, kind: string, database: string, name: string): DynDataError {
  return new DynDataError(
    'SOURCE_PERMISSION_DENIED',
    `The MySQL source "${sourceName}" hides the definition of ${kind} ${database}.${name} from this user. Grant SHOW_ROUTINE (or SELECT on the whole server), SHOW VIEW, TRIGGER and EVENT.`,
  );
}

/** Statements end at a line `;;`, since bodies hold semicolons. */
function sqlFile(name: string, database: string, statements: readonly string[]): SchemaFile {
  const head = [
    'DELIMITER ;;',
    'SET NAMES utf8mb4;;',
    "SET SESSION sql_mode = '', foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00';;",
    `USE ${quoteName(database)};;`,
  ];
  return { name, text: `${[...head, ...statements.map((statement) => `${statement}\n;;`)].join('\n')}\n` };
}

/** The definer is an account of the source's server; in the copy whoever restores is the definer. */
export function withoutDefiner(create: string): string {
  return create.replace(/^CREATE( ALGORITHM=\w+)? DEFINER=(?:`(?:[^`]|``)*`@`(?:[^`]|``)*`|\S+)/, 'CREATE$1');
}

function withMode(row: Row, create: string): string[] {
  return [`SET SESSION sql_mode = '${row.sql_mode ?? ''}'`, withoutDefiner(create), `SET SESSION sql_mode = ''`];
}

async function routines(reader: Reader, database: string): Promise<Program[]> {
  const found = await reader.rows(
    'SELECT ROUTINE_TYPE AS kind, ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? ORDER BY ROUTINE_TYPE, ROUTINE_NAME',
    [database],
  );
  const programs: Program[] = [];
  for (const { kind, name } of found) {
    const type = kind === 'FUNCTION' ? 'FUNCTION' : 'PROCEDURE';
    const row = await reader.show(type, database, name ?? '');
    const create = await reader.definition(type, database, name ?? '', type === 'FUNCTION' ? 'Create Function' : 'Create Procedure');
    programs.push({ kind: 'routine', name: `${database}.${name}`, statements: withMode(row, create) });
  }
  return programs;
}

async function triggers(reader: Reader, database: string): Promise<Program[]> {
  const found = await reader.rows(
    'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER',
    [database],
  );
  const programs: Program[] = [];
  for (const { name } of found) {
    const row = await reader.show('TRIGGER', database, name ?? '');
    const create = await reader.definition('TRIGGER', database, name ?? '', 'SQL Original Statement');
    programs.push({ kind: 'trigger', name: `${database}.${name}`, statements: withMode(row, create) });
  }
  return programs;
}

async function events(reader: Reader, database: string): Promise<Program[]> {
  const found = await reader.rows('SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? ORDER BY EVENT_NAME', [
    database,
  ]);
  const programs: Program[] = [];
  for (const { name } of found) {
    const row = await reader.show('EVENT', database, name ?? '');
    const create = await reader.definition('EVENT', database, name ?? '', 'Create Event');
    programs.push({ kind: 'event', name: `${database}.${name}`, statements: withMode(row, create) });
  }
  return programs;
}

/** Views in an order in which each finds the views it reads. */
async function views(reader: Reader, database: string): Promise<Program[]> {
  const found = (
    await reader.rows('SELECT TABLE_NAME AS name FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME', [database])
  ).map(({ name }) => name ?? '');
  const uses = await reader.rows(
    'SELECT VIEW_NAME AS view, TABLE_NAME AS used FROM information_schema.VIEW_TABLE_USAGE WHERE VIEW_SCHEMA = ? AND TABLE_SCHEMA = ?',
    [database, database],
  );
  const ordered: string[] = [];
  const place = (view: string): void => {
    if (ordered.includes(view)) return;
    for (const use of uses) if (use.view === view && use.used !== view && found.includes(use.used ?? '')) place(use.used ?? '');
    ordered.push(view);
  };
  for (const view of found) place(view);
  return Promise.all(
    ordered.map(async (view): Promise<Program> => {
      const create = withoutDefiner(await reader.definition('VIEW', database, view, 'Create View'));
      return { kind: 'view', name: `${database}.${view}`, statements: [create] };
    }),
  );
}
