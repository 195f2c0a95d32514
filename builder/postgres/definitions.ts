import type { Client } from 'pg';
import type { LiveDefinition } from '../../anonymizers/index.ts';
import { userSchemas } from './catalog.ts';
import type { Setting } from './database.ts';
import type { QualifiedName } from './pg-dump.ts';
import { type Program, readNeeds, readPrograms, routineName } from './programs.ts';

type Text = { readonly name: string; readonly digest: string };

const digest = (text: string): string => `left(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), 12)`;
/** Made by an extension, so that it says nothing that is not in the extension. */
const notOfExtension = (catalogName: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = ${catalogName}::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

/** The name of a definition, as a policy names it. */
export const programName = ({ schema, name }: QualifiedName): string => `${schema}.${name}`;
export const settingName = ({ name }: Pick<Setting, 'name'>): string => `database.${name}`;

/** The first oid that is not of what initdb makes. */
const firstUserOid = 16384;

/** What pg_description describes, as a person would name it; what initdb made and comments of extensions on themselves are not listed. */
const comments = `SELECT CASE WHEN c.oid IS NULL THEN o.type || ' ' || o.identity ELSE n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') END AS name,
    ${digest('x.description')} AS digest
  FROM pg_description x CROSS JOIN LATERAL pg_identify_object(x.classoid, x.objoid, x.objsubid) AS o
    LEFT JOIN pg_class c ON x.classoid = 'pg_class'::regclass AND c.oid = x.objoid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.objsubid AND x.objsubid > 0
  WHERE (x.objoid >= ${firstUserOid} OR (o.type = 'schema' AND o.identity = 'public' AND x.description <> 'standard public schema'))
    AND x.classoid NOT IN ('pg_extension'::regclass, 'pg_largeobject'::regclass) AND coalesce(o.schema, '') !~ '^pg_(toast|temp)'
    AND ${notOfExtension('x.classoid', 'x.objoid')}`;

export type Definitions = {
  readonly definitions: readonly LiveDefinition[];
  readonly views: readonly QualifiedName[];
  /** Routines, triggers and rules, to be left out of what pg_dump writes. */
  readonly programs: readonly Program[];
};

/** Comments, default values that are texts, bodies of programs, and what is not carried at all, as the client's snapshot sees them. */
export async function readDefinitions(client: Client): Promise<Definitions> {
  const needs = await readNeeds(client);
  const select = async (kind: LiveDefinition['kind'], facts: Pick<LiveDefinition, 'droppable' | 'carried'>, sql: string) => {
    const { rows } = await client.query<Text>(`${sql} ORDER BY 1`);
    return rows.map(({ name, digest: short }): LiveDefinition => {
      const neededBy = kind === 'view' || kind === 'routine' ? needs.get(name) : undefined;
      return { kind, name, digest: short, ...facts, ...(neededBy ? { neededBy } : {}) };
    });
  };
  const fixed = { droppable: false };
  const droppable = { droppable: true };
  const left = { droppable: true, carried: false };
  const definitions = [
    ...(await select('comment', droppable, comments)),
    ...(await select(
      'comment',
      droppable,
      `SELECT 'the database' AS name, ${digest('x.description')} AS digest FROM pg_shdescription x JOIN pg_database d ON d.oid = x.objoid
       WHERE x.classoid = 'pg_database'::regclass AND d.datname = current_database()`,
    )),
    // Numbers, times and expressions without a text in them (sequences apart) say nothing of anybody.
    ...(await select(
      'default',
      fixed,
      `SELECT n.nspname || '.' || c.relname || '.' || a.attname AS name, ${digest('pg_get_expr(v.adbin, v.adrelid)')} AS digest
       FROM pg_attrdef v JOIN pg_class c ON c.oid = v.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = v.adrelid AND a.attnum = v.adnum JOIN pg_type t ON t.oid = a.atttypid
       WHERE ${userSchemas} AND a.attgenerated = '' AND c.relkind IN ('r', 'p') AND t.typtype <> 'e'
         AND pg_get_expr(v.adbin, v.adrelid) ~ '''[^'']'
         AND pg_get_expr(v.adbin, v.adrelid) !~ '^nextval\\(''[^'']*''::regclass\\)$'
         AND t.typcategory NOT IN ('N', 'B', 'D')`,
    )),
    ...(await select(
      'view',
      droppable,
      `SELECT n.nspname || '.' || c.relname AS name, ${digest('pg_get_viewdef(c.oid)')} AS digest
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('v', 'm') AND ${userSchemas} AND ${notOfExtension("'pg_class'", 'c.oid')}`,
    )),
    ...(await select(
      'routine',
      droppable,
      `SELECT ${routineName} AS name,
         ${digest("CASE WHEN p.prokind = 'a' THEN '' ELSE pg_get_functiondef(p.oid) END")} AS digest
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${userSchemas} AND ${notOfExtension("'pg_proc'", 'p.oid')}`,
    )),
    ...(await select(
      'trigger',
      droppable,
      `SELECT n.nspname || '.' || c.relname || '.' || g.tgname AS name, ${digest('pg_get_triggerdef(g.oid)')} AS digest
       FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE NOT g.tgisinternal AND ${userSchemas}`,
    )),
    // The rule of that name that is in each view is its query.
    ...(await select(
      'rule',
      droppable,
      `SELECT n.nspname || '.' || c.relname || '.' || r.rulename AS name, ${digest('pg_get_ruledef(r.oid)')} AS digest
       FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE r.rulename <> '_RETURN' AND ${userSchemas} AND ${notOfExtension("'pg_class'", 'c.oid')}`,
    )),
    ...(await select(
      'setting',
      droppable,
      `SELECT 'database.' || split_part(s.line, '=', 1) AS name, ${digest('s.line')} AS digest
       FROM pg_db_role_setting r CROSS JOIN LATERAL unnest(r.setconfig) AS s (line)
       WHERE r.setrole = 0 AND r.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )),
    ...(await select('publication', left, `SELECT 'publication.' || pubname AS name, '' AS digest FROM pg_publication`)),
    ...(await select(
      'subscription',
      left,
      `SELECT 'subscription.' || subname AS name, '' AS digest FROM pg_subscription
       WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )),
    ...(await select(
      'security label',
      left,
      `SELECT DISTINCT 'label.' || provider AS name, '' AS digest FROM pg_seclabels WHERE objtype NOT IN ('role', 'database', 'tablespace')`,
    )),
  ];
  const { rows: views } = await client.query<QualifiedName>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ${userSchemas}`,
  );
  return { definitions, views, programs: await readPrograms(client) };
}
