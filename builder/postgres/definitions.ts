import type { Client } from 'pg';
import type { LiveDefinition } from '../../anonymizers/index.ts';
import { userSchemas } from './catalog.ts';

type Text = { readonly name: string; readonly digest: string };

const digest = (text: string): string => `left(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), 12)`;
/** Made by an extension, so that it says nothing that is not in the extension. */
const notOfExtension = (catalogName: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalogName}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

/** Comments, default values that are texts, and bodies of programs, as the client's snapshot sees them. */
export async function readDefinitions(client: Client): Promise<LiveDefinition[]> {
  const select = async (kind: LiveDefinition['kind'], droppable: boolean, sql: string): Promise<LiveDefinition[]> => {
    const { rows } = await client.query<Text>(`${sql} ORDER BY 1`);
    return rows.map(({ name, digest: short }) => ({ kind, name, digest: short, droppable }));
  };
  return [
    ...(await select(
      'comment',
      true,
      `SELECT n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') AS name, ${digest('x.description')} AS digest
       FROM pg_description x JOIN pg_class c ON x.classoid = 'pg_class'::regclass AND c.oid = x.objoid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.objsubid AND x.objsubid > 0
       WHERE ${userSchemas} AND ${notOfExtension('pg_class', 'c.oid')}`,
    )),
    // Numbers, times and expressions without a text in them (sequences apart) say nothing of anybody.
    ...(await select(
      'default',
      false,
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
      true,
      `SELECT n.nspname || '.' || c.relname AS name, ${digest('pg_get_viewdef(c.oid)')} AS digest
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('v', 'm') AND ${userSchemas} AND ${notOfExtension('pg_class', 'c.oid')}`,
    )),
    ...(await select(
      'routine',
      false,
      `SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
         ${digest("CASE WHEN p.prokind = 'a' THEN '' ELSE pg_get_functiondef(p.oid) END")} AS digest
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${userSchemas} AND ${notOfExtension('pg_proc', 'p.oid')}`,
    )),
    ...(await select(
      'trigger',
      false,
      `SELECT n.nspname || '.' || c.relname || '.' || g.tgname AS name, ${digest('pg_get_triggerdef(g.oid)')} AS digest
       FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE NOT g.tgisinternal AND ${userSchemas}`,
    )),
  ];
}
