import type { Connection, RowDataPacket } from 'mysql2/promise';
import { DynDataError } from '../../core/index.ts';
import { qualifiedName, quoteName } from './connection.ts';

export type Row = RowDataPacket & Record<string, string | null>;

export type Program = {
  readonly kind: 'view' | 'routine' | 'trigger' | 'event';
  /** `database.name` */
  readonly name: string;
  readonly statements: readonly string[];
};

export type Reader = {
  rows(sql: string, parameters: readonly unknown[]): Promise<Row[]>;
  /** The row of SHOW CREATE, and its column that has the statement. */
  show(kind: string, database: string, name: string, column: string): Promise<{ readonly row: Row; readonly create: string }>;
};

/** @throws DynDataError SOURCE_PERMISSION_DENIED where the server hides a definition. */
export function createReader(sourceName: string, connection: Connection): Reader {
  const rows: Reader['rows'] = async (sql, parameters) => (await connection.query<Row[]>(sql, [...parameters]))[0];
  return {
    rows,
    async show(kind, database, name, column) {
      const [row] = await rows(`SHOW CREATE ${kind} ${qualifiedName(database, name)}`, []);
      const create = row?.[column];
      if (row && create) return { row, create };
      throw new DynDataError(
        'SOURCE_PERMISSION_DENIED',
        `The MySQL source "${sourceName}" hides the definition of ${kind} ${database}.${name} from this user. Grant SHOW_ROUTINE (or SELECT on the whole server), SHOW VIEW, TRIGGER and EVENT.`,
      );
    },
  };
}

/** A name as the server quotes it, by double quotes where the program was written so. */
const quotedName = '(?:`(?:[^`]|``)*`|"(?:[^"]|"")*")';
const definer = new RegExp(`^CREATE( OR REPLACE)?( ALGORITHM=\\w+)? DEFINER=${quotedName}(?:@${quotedName})?`);

/** The definer is an account of the source's server; in the copy whoever restores is the definer. */
export function withoutDefiner(create: string): string {
  return create.replace(definer, 'CREATE$1$2');
}

/** The columns of SHOW CREATE by the type of routine; packages are MariaDB's. */
const createColumns: Readonly<Record<string, string>> = {
  FUNCTION: 'Create Function',
  PROCEDURE: 'Create Procedure',
  PACKAGE: 'Create Package',
  'PACKAGE BODY': 'Create Package Body',
};

/** Routines, triggers and events of one database, each with the settings that it was written under: the server keeps them with it. */
export async function readPrograms(reader: Reader, database: string): Promise<Program[]> {
  const [defaults] = await reader.rows('SELECT DEFAULT_COLLATION_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [
    database,
  ]);
  const collation = defaults?.name ?? '';
  const program = async (kind: Program['kind'], type: string, name: string, column: string): Promise<Program> => {
    const { row, create } = await reader.show(type, database, name, column);
    return { kind, name: `${database}.${name}`, statements: underSettings(row, withoutDefiner(create), { name: database, collation }) };
  };
  const programs: Program[] = [];

  const routines = await reader.rows(
    'SELECT ROUTINE_TYPE AS kind, ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? ORDER BY ROUTINE_TYPE, ROUTINE_NAME',
    [database],
  );
  for (const { kind, name } of routines) {
    const type = kind ?? '';
    programs.push(await program('routine', type, name ?? '', createColumns[type] ?? ''));
  }

  const triggers = await reader.rows(
    'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER',
    [database],
  );
  for (const { name } of triggers) programs.push(await program('trigger', 'TRIGGER', name ?? '', 'SQL Original Statement'));

  const events = await reader.rows('SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? ORDER BY EVENT_NAME', [
    database,
  ]);
  for (const { name } of events) programs.push(await program('event', 'EVENT', name ?? '', 'Create Event'));
  return programs;
}

/**
 * The statement between its settings and the ones of the file. The collation decides how texts in it compare, the database's own collation
 * what its parameters are; the client's character set is not among them, since the file is UTF-8.
 */
function underSettings(row: Row, create: string, database: { readonly name: string; readonly collation: string }): string[] {
  const settings = [`sql_mode = '${row.sql_mode ?? ''}'`, `collation_connection = ${row.collation_connection ?? 'DEFAULT'}`];
  if (row.time_zone) settings.push(`time_zone = '${row.time_zone}'`);
  const statements = [`SET SESSION ${settings.join(', ')}`, create, 'SET NAMES utf8mb4', `SET SESSION sql_mode = '', time_zone = '+00:00'`];
  const own = row['Database Collation'];
  if (!own || own === database.collation) return statements;
  const alter = (collation: string): string => `ALTER DATABASE ${quoteName(database.name)} COLLATE ${collation}`;
  return [alter(own), ...statements, alter(database.collation)];
}
