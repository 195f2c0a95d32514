import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy, type LiveSource, parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { createByteBuffer } from '../../builder/byte-buffer.ts';
import type { Description, SourceSession } from '../../builder/extraction.ts';
import { connectLdap } from '../../builder/ldap/session.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { connectPostgres } from '../../builder/postgres/session.ts';
import { surveySources } from '../../builder/survey.ts';
import { DynDataError } from '../../core/index.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { pgDumpOfRun } from '../support/engine.ts';

const key = parseKey('5a'.repeat(32));
const { signal } = new AbortController();

const compile = (policy: string, live: LiveSource) =>
  compilePolicy({ policy: parsePolicy(`version: 1\n${policy}`, 'test.yaml'), key, sources: [live] });

/** The first column of all rows of a table, as the plan chooses them. */
async function idsOf(session: SourceSession, policy: ReturnType<typeof compile>, table: string): Promise<string[]> {
  const extraction = session.extractions(policy).find(({ name }) => name === table);
  const ids: string[] = [];
  await extraction?.use(async (typed) => {
    const out = createByteBuffer(1024);
    for (const part of typed.parts) {
      for await (const batch of part.read(signal)) {
        for (const row of batch) {
          out.length = 0;
          typed.encode(typed.mask(row), out);
          ids.push(out.bytes.toString('latin1', 0, out.length).split(/[\t\n]/)[0] ?? '');
        }
      }
    }
  });
  return ids;
}

const refusalOf = async (work: Promise<unknown>): Promise<DynDataError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DynDataError) return error;
  throw new Error('a DynDataError was expected');
};

/** @param sample gets in PostgreSQL what a policy has to decide beside tables */
export function livePolicySuite(sample: () => SampleConnections): void {
  describe('a policy on a live MySQL and PostgreSQL', () => {
    let mysql: SourceSession;
    let postgres: SourceSession;
    let ldap: SourceSession;
    let shop: Description;
    let push: Description;
    /** All tables but those given are carried empty. */
    const only = (live: LiveSource, tables: string, more = 'comments: drop, programs: {keep: ["*"]}'): string => {
      const names = live.kind === 'ldap' ? [] : live.tables.map(({ name }) => name);
      const empty = names.filter((name) => !new RegExp(`(?:^|\\n) {6}${name}:`).test(tables)).map((name) => `      ${name}: {rows: none}`);
      const rest = more.split(', ').length > 0 ? more.replaceAll(/, (?=\w+: )/g, '\n    ') : more;
      return `sources:\n  ${live.name}:\n    ${rest}\n    tables:\n${empty.join('\n')}\n${tables}`;
    };

    beforeAll(async () => {
      const connections = sample();
      const admin = new pg.Client({ ...connections.postgresAdmin });
      await admin.connect();
      await admin.query(`
      ALTER TABLE category ALTER COLUMN name SET DEFAULT 'of Marie';
      COMMENT ON COLUMN category.name IS 'asked for by Marie';
      CREATE UNIQUE INDEX category_covering ON category (name) INCLUDE (id);
      CREATE VIEW marie_view AS SELECT * FROM category WHERE name = 'of Marie';
      CREATE FUNCTION marie_function(text) RETURNS text LANGUAGE sql AS 'SELECT ''Marie''';
      CREATE FUNCTION marie_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER watch BEFORE INSERT ON category FOR EACH ROW EXECUTE FUNCTION marie_trigger();`);
      await admin.end();
      const none = { env: 'none' };
      const database = { kind: 'mysql' as const, ...connections.mysql, password: none, databases: [connections.mysql.database] };
      mysql = await connectMysql('mysql', database, connections.mysql.password, signal);
      const { host, port, bindDn, baseDn } = connections.ldap;
      const directory = { kind: 'ldap' as const, url: `ldap://${host}:${port}`, bindDn, base: baseDn, password: none };
      ldap = await connectLdap('ldap', directory, connections.ldap.password, signal);
      const pgDump = pgDumpOfRun();
      postgres = await connectPostgres(
        'push',
        { kind: 'postgres', ...connections.postgres, password: none, pgDump },
        connections.postgres.password,
        process.env,
        signal,
      );
      for (const session of [mysql, postgres]) await session.openPoint(signal);
      shop = await mysql.describe(signal);
      push = await postgres.describe(signal);
    });

    afterAll(async () => {
      await mysql?.[Symbol.asyncDispose]();
      await postgres?.[Symbol.asyncDispose]();
      await ldap?.[Symbol.asyncDispose]();
    });

    it('knows keys, references and the texts of the structure', () => {
      const table = (live: LiveSource, name: string) => (live.kind === 'ldap' ? undefined : live.tables.find((one) => one.name === name));
      expect(table(shop.live, 'employees')?.foreignKeys).toContainEqual({
        columns: ['manager_id'],
        schema: 'dynamease',
        table: 'employees',
        targetColumns: ['id'],
      });
      expect(table(shop.live, 'contacts')?.uniqueKeys).toContainEqual({ columns: ['owner_id', 'position'], wholeValues: true });
      expect(table(push.live, 'installation')?.foreignKeys).toEqual([
        { columns: ['variant_id'], schema: 'public', table: 'variant', targetColumns: ['id'] },
      ]);
      expect(table(push.live, 'installation_category')?.uniqueKeys).toEqual([
        { columns: ['installation_id', 'category_id'], wholeValues: true },
      ]);
      const texts = shop.live.kind === 'ldap' ? [] : (shop.live.definitions ?? []).map(({ kind, name }) => `${kind} ${name}`);
      expect(texts).toEqual(
        expect.arrayContaining([
          'comment dynamease.offers',
          'comment dynamease.calendars.feed_url',
          'view dynamease.active_users',
          'routine dynamease.call_price',
          'trigger dynamease.users_email_changed',
          'event dynamease.purge_audit_log',
        ]),
      );
    });

    it('knows the texts of PostgreSQL too, and says what needs which, and leaves out what is dropped', async () => {
      const definitions = push.live.kind === 'ldap' ? [] : (push.live.definitions ?? []);
      expect(definitions.map(({ kind, name, droppable }) => `${kind} ${name} ${droppable}`)).toEqual([
        'comment public.category.name true',
        'default public.category.name false',
        'view public.marie_view true',
        'routine public.marie_function(text) true',
        'routine public.marie_trigger() true',
        'trigger public.category.watch true',
      ]);
      expect(definitions.find(({ name }) => name === 'public.marie_trigger()')?.neededBy).toEqual(['public.category.watch']);
      const dropped = ['public.marie_view', 'public.marie_trigger()', 'public.category.watch'];
      const plan = { comments: 'drop' as const, drops: (name: string) => dropped.includes(name) };
      const { before, after } = await push.files(plan, signal);
      const text = [...before, ...after].map((file) => file.text).join('');
      expect(text).not.toMatch(/marie_view|marie_trigger|TRIGGER watch|asked for by Marie/);
      expect(text).toContain('marie_function');
      const category = push.live.kind === 'ldap' ? undefined : push.live.tables.find(({ name }) => name === 'category');
      expect(category?.uniqueKeys).toContainEqual({ columns: ['name'], wholeValues: true });
    });

    it('leaves comments and programs out of the structure', async () => {
      const drop = { comments: 'drop' as const, drops: (name: string) => name.endsWith('.call_price') };
      const keep = { comments: 'keep' as const, drops: () => false };
      const text = (files: Awaited<ReturnType<Description['files']>>): string =>
        [...files.before, ...files.after].map((file) => file.text).join('');
      const [whole, left] = [text(await shop.files(keep, signal)), text(await shop.files(drop, signal))];
      expect(whole).toContain('contains the percent-encoded e-mail of the user');
      expect(left).not.toMatch(/percent-encoded|Reference table: the four offers|call_price/);
      expect(left).toContain('CREATE TABLE `calendars`');
      expect(left).toContain('TRIGGER `users_email_changed`');
      expect(text(await push.files(drop, signal))).toContain('CREATE TABLE public.installation');
    });

    it('takes the rows of a condition, and children of a sample with their parents', async () => {
      const users = (rows: string): string => `      users: {${rows}, follows: [offers, companies], columns: {'*': null, id: keep}}\n`;
      const nullable = (policy: string): Promise<string[]> => {
        const live = {
          ...shop.live,
          ...(shop.live.kind === 'ldap'
            ? {}
            : {
                tables: shop.live.tables.map((table) => ({
                  ...table,
                  columns: table.columns.map((column) => ({ ...column, nullable: true })),
                })),
              }),
        } as LiveSource;
        return idsOf(mysql, compile(only(live, policy), live), 'users');
      };
      const all = await nullable(users('rows: all'));
      expect(await nullable(users('where: "id <= 5 -- a comment does not swallow the order"'))).toEqual(
        all.filter((id) => Number(id) <= 5),
      );
      const some = await nullable(users('rows: {sample: 20%}'));
      expect(some.length).toBeGreaterThan(0);
      expect(some.length).toBeLessThan(all.length / 2);
      expect(await nullable(users('rows: {sample: 20%}'))).toEqual(some);
      const variants = `      variant: {where: "variant_type = 'ios'", follows: [push_application], keep: ['*_id', id, 'variant_*', name, type], columns: {'*': text}}\n`;
      const include = (tables: string): string =>
        only(push.live, tables, 'include: [aerogear-ups], comments: drop, programs: {keep: ["*"]}, defaults: {keep: ["*"]}');
      expect(new Set(await idsOf(postgres, compile(include(variants), push.live), 'variant'))).toEqual(new Set(['ios']));
    });

    it('finds JSON paths that nobody decided, and columns with few values, before a row is taken', async () => {
      const paths = '{json: {keep: [$.action, "$.days[*]"], paths: {}}}';
      const rules = `      availability_rules: {follows: [calendars], keep: [id, calendar_id, '*s_at', weekdays, priority, 'valid_*'], columns: {rule: ${paths}}}\n`;
      const undecided = await refusalOf(surveySources(compile(only(shop.live, rules), shop.live), [mysql], signal));
      expect(undecided.code).toBe('POLICY_UNDECIDED');
      expect(undecided.details).toContain('mysql dynamease.availability_rules.rule $.redirect.number');
      expect(undecided.details).toContain('                $.redirect.number: text');
      const calls = `      calls: {follows: [users], keep: [id, user_id, '*_at', duration, cost, quality, sip_call_id, raw_header, callee], columns: {direction: {hash: {}}, '*': null}}\n`;
      const live = shop.live.kind === 'ldap' ? shop.live : withTextDirection(shop.live);
      const few = await refusalOf(surveySources(compile(only(live, calls), live), [mysql], signal));
      expect(few.code).toBe('POLICY_INVALID');
      expect(few.details[0]).toMatch(/^mysql dynamease\.calls\.direction: has only \d different values, so "hash" would show/);
    });

    it('reads real values beside the questions of a survey, or behind them where there is one connection', async () => {
      const calls = `      calls: {follows: [users], keep: [id, user_id, '*_at', direction, duration, cost, quality, sip_call_id, raw_header], columns: {callee: phone, '*': null}}\n`;
      const shopPolicy = compile(only(shop.live, calls), shop.live);
      const watched: string[] = [];
      const sink = { page: () => undefined, watch: (kind: string) => void watched.push(kind), ready: async () => undefined };
      const ofTwo = await mysql.survey(async ({ count }) => {
        await mysql.observe(shopPolicy, sink, signal);
        expect(new Set(watched)).toEqual(new Set(['phone']));
        return count({ schema: 'dynamease', table: 'calls', column: 'callee' }, 21, 1000, signal);
      });
      expect(ofTwo.values).toBe(21);

      const { live } = await ldap.describe(signal);
      const rules = '{include: [ldap-person, ldap-group], attributes: {employeeNumber: token, postalCode: token}}';
      const people = compile(`development_password: test\nsources: {ldap: ${rules}}`, live);
      let reading: Promise<void> | undefined;
      watched.length = 0;
      await ldap.survey(async ({ values }) => {
        reading = ldap.observe(people, sink, signal);
        await values({ schema: '', table: '', column: 'mail' }, signal);
        expect(watched).toEqual([]);
      });
      await reading;
      expect(watched).toContain('email');
    });

    it('asks a directory the same, reading no further than the answer needs', async () => {
      const of = (column: string) => ({ schema: '', table: '', column });
      const mails = await ldap.survey(({ values }) => values(of('mail'), signal));
      expect(mails.length).toBeGreaterThan(21);
      expect(mails.every((value) => Buffer.from(value).includes('@'))).toBe(true);
      expect(await ldap.survey(({ count }) => count(of('mail'), 21, 1000, signal))).toEqual({ values: 21, rows: 21 });
      const classes = await ldap.survey(({ values }) => values(of('objectClass'), signal));
      const different = new Set(classes.map((value) => Buffer.from(value).toString())).size;
      expect(await ldap.survey(({ count }) => count(of('objectClass'), 1000, 5, signal))).toEqual({ values: different, rows: 5 });
      expect(await ldap.survey(({ count }) => count(of('carLicense'), 21, 1000, signal))).toEqual({ values: 0, rows: 0 });
    });
  });

  /** The directions of calls as if they stood in a text column. */
  function withTextDirection(live: Exclude<LiveSource, { kind: 'ldap' }>): LiveSource {
    const tables = live.tables.map((table) => ({
      ...table,
      columns: table.columns.map((column) =>
        column.name === 'direction' ? { ...column, type: 'text' as const, sqlType: 'varchar(255)', maxLength: 255 } : column,
      ),
    }));
    return { ...live, tables };
  }
}
