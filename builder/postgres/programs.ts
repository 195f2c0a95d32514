import type { Client } from 'pg';
import type { DefinitionsPlan, LiveDefinition } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import { userSchemas } from './catalog.ts';

/** A routine, trigger or rule as pg_dump writes it. */
export type Program = {
  /** As a policy names it. */
  readonly name: string;
  /** The line above it in pg_dump's output. */
  readonly header: string;
  /** The line above its comment; null where it has none. */
  readonly commentHeader: string | null;
  /** What its definition must hold: its body, or all of it. */
  readonly text: string;
  /** The table or view that it is on, as a policy names it; null for routines. */
  readonly on: string | null;
};

export const routineName = "n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'";

/** pg_dump writes a name with a line break in it on one line. */
const header = (tag: string, type: string): string =>
  `regexp_replace('-- Name: ' || ${tag} || '; Type: ' || ${type} || '; Schema: ' || n.nspname || '; Owner: -', '[\\r\\n]', ' ', 'g')`;
const comment = (tag: string, oid: string, catalogName: string): string =>
  `CASE WHEN obj_description(${oid}, '${catalogName}') IS NULL THEN NULL ELSE ${header(tag, "'COMMENT'")} END`;
const routineType = "CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END";
const ofRelation = (type: string, name: string): string => `'${type} ' || quote_ident(${name}) || ' ON ' || quote_ident(c.relname)`;

const programs = (sqlBody: string): string => `
  SELECT ${routineName} AS name, p.oid::text AS routine,
    ${header(`p.proname || '(' || (SELECT coalesce(string_agg(format_type(t, NULL), ', ' ORDER BY i), '') FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i)) || ')'`, routineType)} AS header,
    ${comment(`${routineType} || ' ' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')'`, 'p.oid', 'pg_proc')} AS comment_header,
    CASE WHEN p.prokind = 'a' OR l.lanname IN ('c', 'internal') THEN '' ELSE coalesce(${sqlBody}, p.prosrc) END AS text, NULL AS "on"
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang WHERE ${userSchemas}
  UNION ALL
  SELECT n.nspname || '.' || c.relname || '.' || g.tgname, NULL, ${header("c.relname || ' ' || g.tgname", "'TRIGGER'")},
    ${comment(ofRelation('TRIGGER', 'g.tgname'), 'g.oid', 'pg_trigger')}, pg_get_triggerdef(g.oid), n.nspname || '.' || c.relname
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT g.tgisinternal AND ${userSchemas}
  UNION ALL
  SELECT n.nspname || '.' || c.relname || '.' || r.rulename, NULL, ${header("c.relname || ' ' || r.rulename", "'RULE'")},
    ${comment(ofRelation('RULE', 'r.rulename'), 'r.oid', 'pg_rewrite')}, pg_get_ruledef(r.oid), n.nspname || '.' || c.relname
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE r.rulename <> '_RETURN' AND ${userSchemas}`;

/** All routines, triggers and rules, as the client's snapshot sees them. Their texts are in memory only. */
export async function readPrograms(client: Client): Promise<Program[]> {
  type Row = Omit<Program, 'commentHeader'> & { readonly routine: string | null; readonly comment_header: string | null };
  const { rows: settings } = await client.query<{ path: string; version: string }>(
    "SELECT current_setting('search_path') AS path, current_setting('server_version_num') AS version",
  );
  const sqlBody = Number(settings[0]?.version) >= 14_00_00 ? 'pg_get_function_sqlbody(p.oid)' : 'NULL';
  // A policy names the types of arguments as the database's own search path has them.
  const { rows: routines } = await client.query<{ oid: string; name: string }>(
    `SELECT p.oid::text AS oid, ${routineName} AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${userSchemas}`,
  );
  const names = new Map(routines.map(({ oid, name }) => [oid, name]));
  // pg_dump writes names with their schemas, as the server does where it looks through none.
  await client.query("SELECT set_config('search_path', '', true)");
  const { rows } = await client.query<Row>(programs(sqlBody));
  await client.query("SELECT set_config('search_path', $1, true)", [settings[0]?.path ?? '']);
  return rows.map(({ name, routine, comment_header: commentHeader, ...program }) => ({
    ...program,
    name: names.get(routine ?? '') ?? name,
    commentHeader,
  }));
}

/** What needs a routine or a view, by the names of both; bodies that are texts say nothing of what they need. */
export async function readNeeds(client: Client): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ name: string; by: string }>(`
    WITH program AS (
      SELECT 'pg_proc'::regclass AS class, p.oid, ${routineName} AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${userSchemas}
      UNION ALL
      SELECT v.class, v.oid, n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (VALUES ('pg_class'::regclass, c.oid), ('pg_type'::regclass, c.reltype)) AS v (class, oid) WHERE c.relkind IN ('v', 'm') AND ${userSchemas}
    ), need AS (
      SELECT DISTINCT program.name, coalesce(
          (SELECT n.nspname || '.' || c.relname || '.' || g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE d.classid = 'pg_trigger'::regclass AND g.oid = d.objid),
          (SELECT n.nspname || '.' || c.relname || CASE r.rulename WHEN '_RETURN' THEN '' ELSE '.' || r.rulename END
            FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid),
          (SELECT ${routineName} FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE d.classid = 'pg_proc'::regclass AND p.oid = d.objid),
          pg_describe_object(d.classid, d.objid, d.objsubid)) AS by
      FROM program JOIN pg_depend d ON d.refclassid = program.class AND d.refobjid = program.oid AND d.deptype IN ('n', 'a')
    ) SELECT name, by FROM need WHERE by <> name AND left(by, length(name) + 1) <> name || '.' ORDER BY 1, 2`);
  return new Map([...Map.groupBy(rows, ({ name }) => name)].map(([name, needs]) => [name, needs.map(({ by }) => by)]));
}

/** What a policy drops and nobody finds would stay in the snapshot. */
export function requireAllPrograms(definitions: readonly LiveDefinition[], programs: readonly Program[], plan: DefinitionsPlan): void {
  const found = new Set(programs.map(({ name }) => name));
  const lost = definitions.filter(({ kind, name }) => programKinds.has(kind) && plan.drops(name) && !found.has(name));
  if (lost.length === 0) return;
  throw new DynDataError(
    'INTERNAL',
    'What the policy drops was not found among the programs of the source. Nothing was read. Please report it.',
    {
      details: lost.map(({ name }) => name),
    },
  );
}

const programKinds: ReadonlySet<LiveDefinition['kind']> = new Set(['routine', 'trigger', 'rule']);
const headerPattern = /^--\n(-- (?:Name|Data for Name): .*|-- PostgreSQL database dump complete)\n--\n/gm;
/** What pg_dump writes before a table stands behind whatever comes before it. */
const settingLine = /^SET default_(?:tablespace = ''|table_access_method = \w+);$/;

type Piece = { readonly header: string; readonly text: string };

/**
 * The sections of pg_dump without some programs and the comments on them. pg_dump puts a line above each; a body can hold such a line too, so each
 * program must be found exactly once, with its whole body in what is taken out.
 * @throws DynDataError SOURCE_UNSUPPORTED where one cannot be told from the rest
 */
export function withoutPrograms(sections: readonly string[], dropped: readonly Program[], sourceName: string): string[] {
  if (dropped.length === 0) return [...sections];
  const left = sections.map(piecesOf);
  const takeOut = (header: string): Piece[] => {
    const found = left.flatMap((pieces) => pieces.filter((piece) => piece.header === header));
    for (const [index, pieces] of left.entries()) {
      left[index] = pieces.map((piece) => (piece.header === header ? { header: '', text: settingsAfter(piece.text) } : piece));
    }
    return found;
  };
  for (const { name, header, commentHeader, text } of dropped) {
    const [piece, another] = takeOut(header);
    const comments = commentHeader === null ? 0 : takeOut(commentHeader).length;
    const hasComments = sections.some((section) => section.includes('; Type: COMMENT; '));
    if (piece?.text.includes(text) && !another && comments === (commentHeader !== null && hasComments ? 1 : 0)) continue;
    throw new DynDataError(
      'SOURCE_UNSUPPORTED',
      `The PostgreSQL source "${sourceName}": ${name} cannot be told from the rest of what pg_dump writes, so it cannot be left out. Nothing was read. Keep it in the policy, or remove it at the source.`,
      { details: [name] },
    );
  }
  return left.map((pieces) => pieces.map((piece) => piece.text).join(''));
}

/** The text cut before each header; what stands before the first one has none. */
function piecesOf(section: string): Piece[] {
  const headers = [...section.matchAll(headerPattern)];
  const pieces = headers.map(({ 1: header = '', index }, at) => ({ header, text: section.slice(index, headers[at + 1]?.index) }));
  return [{ header: '', text: section.slice(0, headers[0]?.index) }, ...pieces];
}

function settingsAfter(text: string): string {
  const lines = text.split('\n');
  let from = lines.length;
  while (from > 0 && (lines[from - 1] === '' || settingLine.test(lines[from - 1] ?? ''))) from -= 1;
  const settings = lines.slice(from).filter((line) => line !== '');
  return settings.map((line) => `${line}\n\n`).join('');
}
