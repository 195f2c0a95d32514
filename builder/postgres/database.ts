import type { Client } from 'pg';
import type { SchemaFile } from '../extraction.ts';
import { quoteName } from './connection.ts';

/** The fields of pg_database that say how texts are compared. Which there are depends on the server's version. */
type Locale = {
  readonly datlocprovider?: string;
  readonly datcollate: string;
  readonly datctype: string;
  /** From 17 on. */
  readonly datlocale?: string | null;
  /** In 15 and 16. */
  readonly daticulocale?: string | null;
  readonly daticurules?: string | null;
};

/** The statement that creates the database empty, with the source's encoding and order of texts. */
export async function createDatabase(client: Client, name: string): Promise<string> {
  const { rows } = await client.query<{ encoding: string; locale: Locale }>(
    'SELECT pg_encoding_to_char(encoding) AS encoding, to_jsonb(d) AS locale FROM pg_database d WHERE datname = current_database()',
  );
  const { encoding = 'UTF8', locale = { datcollate: 'C', datctype: 'C' } } = rows[0] ?? {};
  const options = [
    `ENCODING ${literal(encoding)}`,
    `LC_COLLATE ${literal(locale.datcollate)}`,
    `LC_CTYPE ${literal(locale.datctype)}`,
    ...providerOptions(locale),
  ];
  return `CREATE DATABASE ${quoteName(name)} TEMPLATE template0 ${options.join(' ')}`;
}

/** libc is the default and, before version 15, the only one. */
function providerOptions(locale: Locale): string[] {
  const own = locale.datlocale ?? locale.daticulocale;
  if (locale.datlocprovider === 'i') {
    const rules = locale.daticurules;
    return ['LOCALE_PROVIDER icu', `ICU_LOCALE ${literal(own ?? 'und')}`, ...(rules ? [`ICU_RULES ${literal(rules)}`] : [])];
  }
  return locale.datlocprovider === 'b' ? ['LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${literal(own ?? 'C')}`] : [];
}

export type Setting = { readonly name: string; readonly value: string };

/** What ALTER DATABASE SET gave to all sessions of the database; what it gave to single roles is theirs. */
export async function readSettings(client: Client): Promise<Setting[]> {
  const { rows } = await client.query<Setting>(
    `SELECT split_part(s.line, '=', 1) AS name, substr(s.line, strpos(s.line, '=') + 1) AS value
     FROM pg_db_role_setting r CROSS JOIN LATERAL unnest(r.setconfig) WITH ORDINALITY AS s (line, at)
     WHERE r.setrole = 0 AND r.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY s.at`,
  );
  return rows;
}

/** Lists of names: the server keeps them as they are written, and takes a quoted text for one name. */
const lists: ReadonlySet<string> = new Set(['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries']);

export async function readDatabaseComment(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ comment: string | null }>(
    "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()",
  );
  return rows[0]?.comment ?? undefined;
}

/** What belongs to the database, for whatever name it has there; the last file, since a setting can change what a statement means. */
export function databaseFile(settings: readonly Setting[], comment: string | undefined): SchemaFile {
  const execute = (before: string, after: string): string => {
    const name = 'pg_catalog.quote_ident(pg_catalog.current_database())';
    return `DO ${literal(`BEGIN EXECUTE ${literal(before)} || ${name} || ${literal(after)}; END`)};\n`;
  };
  const statements = settings.map(({ name, value }) => {
    // An empty item of a list is kept as "", which no statement takes.
    const written = lists.has(name.toLowerCase()) ? value.replaceAll(/""(?=,|$)/g, "''") : literal(value);
    return execute('ALTER DATABASE ', ` SET ${quoteName(name)} TO ${written}`);
  });
  if (comment !== undefined) statements.unshift(execute('COMMENT ON DATABASE ', ` IS ${literal(comment)}`));
  return { name: 'database.sql', text: statements.join('') };
}

/** Where each sequence stands. Sequences are outside of transactions, so this is read as near to the point in time as can be. */
export async function readSequences(client: Client): Promise<SchemaFile> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const lines: string[] = [];
  for (const { schema, name } of rows) {
    const sequence = `${quoteName(schema)}.${quoteName(name)}`;
    const { rows: values } = await client.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value::text, is_called FROM ${sequence}`,
    );
    for (const { last_value, is_called } of values)
      lines.push(`SELECT pg_catalog.setval(${literal(sequence)}, ${last_value}, ${is_called});\n`);
  }
  return { name: 'sequences.sql', text: lines.join('') };
}

/** For servers with standard_conforming_strings, as all in the session of a restore are. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
