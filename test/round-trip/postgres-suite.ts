import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../builder/postgres/session.ts';
import { DynDataError, type PostgresSourceConfig } from '../../core/index.ts';
import { waitHealthy } from '../../scripts/wait-healthy.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { type DataImage, makeDataImage } from '../support/data-image.ts';
import { describeWithEngine } from '../support/engine.ts';
import { buildDataImage, keepEverything } from '../support/round-trip.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

const password = 'geheim';
const { signal } = new AbortController();
/** Quotes, a space, a dot and letters outside of ASCII, as every other name in the hostile schema. */
const database = 'Ünüsual "data.base"';

const composeFileOf = (source: string, target: string): string => `
services:
  source:
    image: ${source}
    environment: { POSTGRES_PASSWORD: ${password} }
    ports: ["127.0.0.1:0:5432"]
    healthcheck: { test: ["CMD-SHELL", 'psql -h 127.0.0.1 -U postgres -c "SELECT 1"'], interval: 1h, retries: 90 }
  target:
    image: ${target}
    labels: { dyn-data.source: hostile }
    environment: { POSTGRES_USER: owner, POSTGRES_PASSWORD: ${password} }
    ports: ["127.0.0.1:0:5432"]
    volumes: ["target:/var/lib/postgresql"]
volumes: { target: }
`;

/** All tables that have rows of their own, with a hash over the rows as the server writes them, in the order of their texts. */
const contentOfTables = `SELECT format('%I.%I', n.nspname, c.relname) AS "table", (xpath('/row/line/text()', query_to_xml(format(
    'SELECT count(*) || '' '' || coalesce(md5(string_agg(md5(r::text), '''' ORDER BY md5(r::text))), ''none'') AS line FROM %s %I.%I r',
    CASE c.relkind WHEN 'm' THEN '' ELSE 'ONLY' END, n.nspname, c.relname), false, true, '')))[1]::text AS content
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated) AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`;
const positions = `SELECT format('%I.%I', n.nspname, c.relname) AS sequence, (xpath('/row/line/text()', query_to_xml(format(
    'SELECT last_value || '' '' || is_called AS line FROM %I.%I', n.nspname, c.relname), false, true, '')))[1]::text AS position
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' ORDER BY 1`;
const largeObjects = 'SELECT oid, length(lo_get(oid)) AS length, md5(lo_get(oid)) AS hash FROM pg_largeobject_metadata ORDER BY 1';
const unpopulated = "SELECT oid::regclass::text AS view FROM pg_class WHERE relkind = 'm' AND NOT relispopulated";
const ofDatabase = `SELECT to_jsonb(d) - ARRAY['oid', 'datname', 'datdba', 'datfrozenxid', 'datminmxid', 'dathasloginevt'] AS of_database,
  (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0) AS settings,
  shobj_description(oid, 'pg_database') AS comment FROM pg_database d WHERE datname = current_database()`;

/** What of a text is for this version: see the head of postgres.sql. */
function ofVersion(text: string, version: number): string {
  return text.replaceAll(/\/\*since (\d+)\*\/(.*?)(?:\/\*before\*\/(.*?))?\/\*end\*\//gs, (_all, since, has, instead = '') =>
    version >= Number(since) ? has : instead,
  );
}

type Service = 'source' | 'target';

export type PostgresImages = { readonly source: string; readonly target: string; readonly pgDump: string[] };

/**
 * @param options.version major version of the source; what it has not yet is left out
 * @param options.images may take as long as building them takes; `pgDump` is the command that reads the source's structure
 */
export function postgresRoundTrip(
  name: string,
  options: { readonly project: string; readonly version: number; readonly images: () => Promise<PostgresImages> },
): void {
  const { project, version } = options;
  describeWithEngine(name, () => {
    let isOneVersion = true;
    let registry: SmallRegistry;
    let client: ClientProject;
    let config: PostgresSourceConfig;
    let image: DataImage;

    const compose = async (...args: string[]): Promise<string> => {
      const result = await client.docker(['compose', '-f', join(client.folder, 'docker-compose.yml'), '-p', project, ...args]);
      if (result.exitCode !== 0) throw new Error(result.stderr);
      return result.stdout;
    };
    const connectTo = (to: PostgresSourceConfig) => () => connectPostgres('hostile', to, password, process.env, signal);
    const ports = new Map<string, number>();
    const portOf = async (service: Service): Promise<number> => {
      const port = ports.get(service) ?? Number((await compose('port', service, '5432')).trim().split(':').at(-1));
      ports.set(service, port);
      return port;
    };
    const userOf = { source: 'postgres', target: 'owner' } as const;
    const ask = async (service: Service, sql: string): Promise<unknown[]> => {
      const server = { host: '127.0.0.1', port: await portOf(service), user: userOf[service] };
      const asking = new pg.Client({ ...server, password, database });
      await asking.connect();
      try {
        return (await asking.query(`SELECT to_jsonb(q) AS row FROM (${sql}) AS q`)).rows.map(({ row }) => row);
      } finally {
        await asking.end();
      }
    };
    const structure = async (service: Service): Promise<string[]> => {
      const options = ['--schema-only', '--no-owner', '--no-privileges'];
      const dump = await compose('exec', '-T', service, 'pg_dump', '-U', userOf[service], ...options, '-d', database);
      // Two lines with a word that is drawn each time.
      return dump.split('\n').filter((line) => !/^\\(?:un)?restrict /.test(line));
    };

    beforeAll(async () => {
      registry = await startSmallRegistry();
      const images = await options.images();
      isOneVersion = images.source === images.target;
      const composeFile = composeFileOf(images.source, images.target);
      client = await createClientProject({ registry: registry.url, project, composeFile });
      await compose('up', '-d');
      await waitHealthy(`${project}-source-1`);
      const server = { host: '127.0.0.1', port: await portOf('source'), user: userOf.source };
      config = { kind: 'postgres', ...server, password: { env: 'none' }, database, pgDump: images.pgDump };
      const admin = new pg.Client({ ...server, password, database: 'postgres' });
      await admin.connect();
      const quoted = pg.escapeIdentifier(database);
      const locale = "LOCALE 'C.UTF-8'/*since 15*/ LOCALE_PROVIDER icu ICU_LOCALE 'sv'/*end*//*since 16*/ ICU_RULES '&V << w'/*end*/";
      await admin.query(`CREATE DATABASE ${quoted} TEMPLATE template0 ${ofVersion(locale, version)}`);
      await admin.query(`COMMENT ON DATABASE ${quoted} IS 'it''s a "comment"'`);
      await admin.query(`ALTER DATABASE ${quoted} SET search_path = "Second schema", '', public`);
      await admin.query(`ALTER DATABASE ${quoted} SET "round.trip" = 'it''s \\ 100%'`);
      await admin.end();
      const owner = new pg.Client({ ...server, password, database });
      await owner.connect();
      await owner.query(
        `SET search_path = public; ${ofVersion(await readFile(new URL('postgres.sql', import.meta.url), 'utf8'), version)}`,
      );
      await owner.end();
    });

    afterAll(async () => {
      await compose('down', '--volumes', '--timeout', '5');
      if (image) await client.docker(['image', 'rm', '--force', `${registry.host}/shop@${image.digest}`]);
      await client[Symbol.asyncDispose]();
      await registry.close();
    });

    it('is restored by the client', async () => {
      await using session = await connectTo(config)();
      await session.openPoint(signal);
      const { live } = await session.describe(signal);
      // Anonymizers of texts are for what is made of texts, too.
      const columns =
        live.kind === 'ldap' ? [] : (live.tables.find(({ name, schema }) => `${schema}.${name}` === 'public.every_type')?.columns ?? []);
      expect(columns).toContainEqual(expect.objectContaining({ name: 'ci', type: 'text' }));
      expect(columns).toContainEqual(expect.objectContaining({ name: 'shorter', type: 'text', nullable: false, maxLength: 20 }));
      image = await buildDataImage(keepEverything(live), [connectTo(config)]);
      registry.add('shop', 'hostile', image);
      for (const args of [
        ['pull', 'hostile'],
        ['up', 'hostile'],
      ]) {
        const { exitCode, stderr } = await client.run(args);
        expect(exitCode, stderr).toBe(0);
      }
    });

    it('has the same structure', async ({ skip }) => {
      skip(!isOneVersion, 'another version of the program writes another text');
      const [source, target] = [await structure('source'), await structure('target')];
      expect(source.length).toBeGreaterThan(1000);
      expect(target).toEqual(source);
    });

    it('has the same rows in every table and materialized view, by a hash of the server', async () => {
      const source = await ask('source', contentOfTables);
      expect(source).toContainEqual({ table: 'public.no_columns', content: expect.stringMatching(/^3 /) });
      expect(source).toContainEqual({ table: '"Second schema".kept_result', content: expect.stringMatching(/^4 /) });
      expect(await ask('target', contentOfTables)).toEqual(source);
      expect(await ask('target', unpopulated)).toEqual([{ view: 'never_filled' }]);
    });

    it('has its sequences where they stood', async () => {
      const source = await ask('source', positions);
      expect(source).toContainEqual({ sequence: 'public.set_back', position: '9223372036854775807 false' });
      expect(source.length).toBeGreaterThan(5);
      expect(await ask('target', positions)).toEqual(source);
    });

    it('has its large objects', async () => {
      const source = await ask('source', largeObjects);
      expect(source).toHaveLength(4);
      expect(source).toContainEqual(expect.objectContaining({ oid: '70003', length: 100012 }));
      expect(await ask('target', largeObjects)).toEqual(source);
    });

    it('compares texts as before, and has the settings of its sessions', async ({ skip }) => {
      skip(!isOneVersion, 'another version describes a database otherwise');
      const source = await ask('source', ofDatabase);
      const icu = ofVersion(
        '{"datlocprovider": "i"/*since 16*/, "daticurules": "&V << w"/*end*//*since 17*/, "datlocale": "sv"/*end*/}',
        version,
      );
      expect(source).toEqual([
        {
          of_database: expect.objectContaining(version < 15 ? { datcollate: 'C.UTF-8' } : JSON.parse(icu)),
          settings: expect.any(Array),
          comment: `it's a "comment"`,
        },
      ]);
      expect(await ask('target', ofDatabase)).toEqual(source);
    });

    it('does not run the commands of psql that a source could have put into its definitions', async () => {
      const hostile = await makeDataImage([
        { name: 'hostile', kind: 'postgres', before: ['\\! touch /var/lib/postgresql/was-run\n'], tables: [] },
      ]);
      registry.add('shop', 'command', hostile);
      const { exitCode, stderr } = await client.run(['up', '--replace', 'command']);
      expect(stderr).toContain('error RESTORE_FAILED');
      expect(exitCode).toBe(6);
      expect(await compose('exec', '-T', 'target', 'ls', '/var/lib/postgresql')).not.toContain('was-run');
      await client.docker(['image', 'rm', '--force', `${registry.host}/shop@${hostile.digest}`]);
    });

    const buildFresh = async (sql: string, policy: string): Promise<DataImage> => {
      const { host, port, user } = config;
      const admin = new pg.Client({ host, port, user, password, database: 'postgres' });
      await admin.connect();
      await admin.query('DROP DATABASE IF EXISTS refused WITH (FORCE)');
      await admin.query('CREATE DATABASE refused');
      await admin.end();
      const owner = new pg.Client({ host, port, user, password, database: 'refused' });
      await owner.connect();
      await owner.query(sql);
      await owner.end();
      return buildDataImage(policy, [connectTo({ ...config, database: 'refused' })]);
    };
    const refusalOf = async (sql: string, policy = 'version: 1\nsources: {hostile: {}}'): Promise<DynDataError> => {
      const built: unknown = await buildFresh(sql, policy).catch((error: unknown) => error);
      if (built instanceof DynDataError) return built;
      throw new Error('A refusal was expected.');
    };

    it('refuses what no snapshot holds, and names all of it', async () => {
      const extension = `control=/usr/share/postgresql/${version}/extension/with_rows
      echo "default_version = '1'" > $control.control
      echo "CREATE TABLE own_rows (a int); SELECT pg_extension_config_dump('own_rows', 'WHERE a > 1');" > $control--1.sql`;
      await compose('exec', '-T', 'source', 'sh', '-c', extension);
      const error = await refusalOf(`
      CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
      CREATE TABLE guarded (); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY of_role ON guarded TO postgres USING (true);
      CREATE TYPE kind AS ENUM ('a', 'b'); CREATE TABLE by_kind (k kind) PARTITION BY HASH (k);
      SELECT lo_create(80001); COMMENT ON LARGE OBJECT 80001 IS 'commented';
      CREATE EXTENSION with_rows; INSERT INTO own_rows VALUES (1), (2);`);
      expect(error.code).toBe('SOURCE_UNSUPPORTED');
      expect(error.details).toEqual([
        'foreign server elsewhere (it reaches another live system)',
        'policy of_role on public.guarded (it names roles, and roles are not carried)',
        'table public.by_kind (partitioned by the hash of an enum)',
        'comment on large object 80001',
        'rows in public.own_rows, a table of the extension with_rows',
      ]);
    });

    it('wants a decision for large objects, comments of any kind, rules, settings, and for what is left out', async () => {
      const error = await refusalOf(`
      SELECT lo_create(80001); CREATE TYPE kind AS ENUM ('a'); COMMENT ON TYPE kind IS 'of Marie'; CREATE PUBLICATION news FOR ALL TABLES;
      CREATE TABLE t (); CREATE RULE r AS ON INSERT TO t DO NOTHING; ALTER DATABASE refused SET search_path = public`);
      expect(error.code).toBe('POLICY_UNDECIDED');
      expect(error.details.join('\n')).toMatch(
        /public\.t \(.*\n.*pg_largeobject_metadata\.oid oid\n.*\.data bytea\n.*comments \(1, one on type public\.kind\)\n.*rule public\.t\.r .*\n.*setting database\.search_path .*\n.*publication publication\.news \(it is not carried; drop it in the policy\)/,
      );
      const kept = await refusalOf(
        'CREATE PUBLICATION news FOR ALL TABLES',
        'version: 1\nsources: {hostile: {programs: {keep: [publication.news]}}}',
      );
      expect(kept.details).toEqual(['hostile publication publication.news: is not carried; drop it']);
    });

    it('leaves out the routines, triggers and rules that a policy drops, as if they had never been there', async () => {
      const tables = "CREATE TABLE t (a text PRIMARY KEY); CREATE TYPE kind AS ENUM ('x'); CREATE TABLE u (b text)";
      const programs = `
        CREATE FUNCTION "of Marie"() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.a := 'Marie Dupont'; RETURN NEW; END$$;
        COMMENT ON FUNCTION "of Marie"() IS 'by Marie';
        CREATE TRIGGER "at Marie's" BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION "of Marie"();
        COMMENT ON TRIGGER "at Marie's" ON t IS 'of Marie';
        CREATE RULE r AS ON INSERT TO t WHERE NEW.a = 'Marie' DO INSTEAD NOTHING;
        CREATE PROCEDURE p(a kind, INOUT b text) LANGUAGE plpgsql AS $$BEGIN b := 'Marie''s'; END$$;
        CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
        CREATE VIEW v AS SELECT 'Marie' AS who; CREATE RULE on_v AS ON DELETE TO v DO INSTEAD NOTHING;`;
      const policyOf = (more: string): string =>
        `version: 1\nsources: {hostile: {comments: keep, tables: {t: {keep: [a]}, u: {keep: [b]}}${more}}}`;
      const filesOf = ({ manifest }: DataImage) => manifest.sources[0]?.before.concat(manifest.sources[0].after);
      const drop = `, programs: {drop: ['of Marie()', "t.at Marie's", t.r, 'p(*)', 'total(*)', v, v.on_v]}`;
      const left = await buildFresh(`${tables}; ${programs}`, policyOf(drop));
      expect(filesOf(left)).toEqual(filesOf(await buildFresh(tables, policyOf(''))));

      const needed = await refusalOf(
        `${tables}; CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''x''::text'; ALTER TABLE u ALTER b SET DEFAULT f();
         CREATE VIEW w AS SELECT f()`,
        policyOf(', programs: {drop: [f()], keep: [w]}'),
      );
      expect(needed.details).toEqual([
        expect.stringMatching(/f\(\): default value for column b of table u needs it/),
        expect.stringMatching(/f\(\): public\.w needs it/),
      ]);

      const disguised = await refusalOf(
        `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN
--
-- Name: g(); Type: FUNCTION; Schema: public; Owner: -
--
RETURN 1; /* Marie */ END$$`,
        'version: 1\nsources: {hostile: {programs: {drop: [f()]}}}',
      );
      expect(disguised).toMatchObject({ code: 'SOURCE_UNSUPPORTED', details: ['public.f()'] });
    });

    it('refuses a reader from whom row-level security would hide rows', async ({ skip }) => {
      skip(version < 14, 'it has no role pg_read_all_data');
      const error = await refusalOf(
        'CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a > 1)',
        'version: 1\nsources: {hostile: {tables: {t: {keep: [a]}}}}',
      ).catch((failure: unknown) => failure);
      // A superuser sees every row.
      expect(error).toEqual(new Error('A refusal was expected.'));
      const { host, port, user } = config;
      const owner = new pg.Client({ host, port, user, password, database: 'refused' });
      await owner.connect();
      await owner.query(`CREATE ROLE reader LOGIN PASSWORD '${password}' IN ROLE pg_read_all_data`);
      await owner.end();
      const asReader = [connectTo({ ...config, user: 'reader', database: 'refused' })];
      const built = buildDataImage('version: 1\nsources: {hostile: {tables: {t: {keep: [a]}}}}', asReader);
      await expect(built).rejects.toMatchObject({ code: 'SOURCE_PERMISSION_DENIED', message: expect.stringContaining('BYPASSRLS') });
    });
  });
}
