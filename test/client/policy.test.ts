import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readPolicyPlaces } from '../../client/policy-places.ts';
import { routePath, routes } from '../../core/contract.ts';
import { digestOf } from '../../core/digest.ts';
import { type Manifest, manifestSchemaVersion } from '../../core/manifest.ts';
import type { PolicyCheck } from '../../core/policy-tools.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { makeDataImage } from '../support/data-image.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { mysqlSource } from '../support/shop-data.ts';
import { type SmallRegistry, sendJson, startSmallRegistry } from '../support/small-registry.ts';

const realValue = 'marie.dupont@acme.fr';

const decided: PolicyCheck = {
  version: 1,
  environment: 'prod',
  policyFile: 'prod.yaml',
  plan: [
    { source: 'mysql', section: 'shop.users', name: 'email', type: 'varchar(254)', rule: 'email' },
    { source: 'ldap', section: 'attributes', name: 'mail', rule: 'email' },
  ],
  invalid: [],
  undecided: [],
  patch: [],
  drift: { since: { digest: `sha256:${'a'.repeat(64)}`, takenAt: '2024-05-01T00:00:00.000Z' }, changes: [] },
};
const undecided: PolicyCheck = {
  ...decided,
  plan: [...decided.plan, { source: 'mysql', section: 'shop.users', name: 'fax', type: 'varchar(20)' }],
  undecided: ['mysql shop.users.fax varchar(20)'],
  patch: ['sources:', '  mysql:', '    tables:', '      users:', '        columns:', '          fax: phone'],
  drift: {
    since: { digest: `sha256:${'a'.repeat(64)}`, takenAt: '2024-05-01T00:00:00.000Z', policyChanged: true },
    changes: [{ change: 'new', what: 'column', place: 'mysql shop.users.fax' }],
  },
};

let registry: SmallRegistry;
let client: ClientProject;

beforeEach(async () => {
  registry = await startSmallRegistry();
  client = await createClientProject({ registry: registry.url });
  return async () => {
    await client[Symbol.asyncDispose]();
    await registry.close();
  };
});

const answer = (route: { readonly path: string }, body: unknown): void =>
  registry.answer(routePath(route.path, { environment: 'prod' }), (_request, response) => sendJson(response, 200, body));

describe('suggest', () => {
  const suggestion = { version: 1, environment: 'prod', text: 'version: 1\n# why\nsources: {}\n', decided: 3, undecided: 1 };

  test('prints the policy, or writes it into a new file and never over another', async () => {
    answer(routes.suggestPolicy, suggestion);
    const printed = await client.run(['policy', 'suggest', 'prod']);
    expect([printed.exitCode, printed.stdout]).toEqual([0, suggestion.text]);
    expect(printed.stderr).toContain('3 places decided, 1 left to you');

    const written = await client.run(['policy', 'suggest', 'prod', '--out', 'mine.yaml']);
    expect(written.stdout).toContain('mine.yaml: 3 places decided, 1 left to you');
    expect(await readFile(join(client.folder, 'mine.yaml'), 'utf8')).toBe(suggestion.text);
    const again = await client.run(['policy', 'suggest', 'prod', '--out', 'mine.yaml']);
    expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining('it exists already')]);
  });

  test('gives one document with --json', async () => {
    answer(routes.suggestPolicy, suggestion);
    expect(JSON.parse((await client.run(['policy', 'suggest', 'prod', '--json'])).stdout)).toEqual(suggestion);
  });
});

describe('check', () => {
  test('shows the rule of each place and succeeds where everything is decided', async () => {
    answer(routes.checkPolicy, decided);
    const { exitCode, stdout, stderr } = await client.run(['policy', 'check', 'prod']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/mysql +shop\.users +email +varchar\(254\) +email/);
    expect(stdout).toMatch(/ldap +attributes +mail +- +email/);
    expect(stdout).toContain('Nothing changed since the snapshot sha256:aaaaaaaaaaaa');
    expect(stdout).toContain('The policy decides everything.');
  });

  test('ends with 4 where something is undecided, and prints what changed and the patch', async () => {
    answer(routes.checkPolicy, undecided);
    const { exitCode, stdout } = await client.run(['policy', 'check', 'prod']);
    expect(exitCode).toBe(4);
    expect(stdout).toContain('UNDECIDED');
    expect(stdout).toContain('+ column mysql shop.users.fax');
    expect(stdout).toContain('made by another policy');
    expect(stdout).toContain('          fax: phone');
    const json = await client.run(['policy', 'check', 'prod', '--json']);
    expect([json.exitCode, JSON.parse(json.stdout), json.stderr]).toEqual([4, undecided, '']);
  });
});

describe('preview', () => {
  const preview = {
    version: 1,
    environment: 'prod',
    tables: [
      {
        source: 'mysql',
        section: 'shop.users',
        rows: [
          [
            { name: 'email', before: `${realValue}\u001b[2J`, after: 'x@example.com' },
            { name: 'id', before: '1', after: '1' },
          ],
        ],
        problems: [],
      },
    ],
  };
  const asked = (): boolean => registry.requests.some((line) => line.endsWith('/policy/preview'));

  test('is refused where standard output is no terminal, before anything is asked for', async () => {
    const { exitCode, stdout, stderr } = await client.run(['policy', 'check', 'prod', '--preview', '2']);
    expect([exitCode, stdout]).toEqual([4, '']);
    expect(stderr).toContain('--yes-print-real-data');
    expect(registry.requests).toEqual([]);
  });

  test('shows rows side by side on a terminal, and no value steers it', async () => {
    answer(routes.checkPolicy, decided);
    answer(routes.previewPolicy, preview);
    const { exitCode, written } = await runOnTerminal(['policy', 'check', 'prod', '--preview', '2'], {
      folder: client.folder,
      columns: 120,
    });
    expect(exitCode).toBe(0);
    expect(written).toContain('REAL DATA below');
    expect(written).toMatch(/email +marie\.dupont@acme\.fr·\[2J +x@example\.com/);
    expect(written).toMatch(/id +1 +=/);
    expect(written).not.toContain('\u001b[2J');
  });

  test('can be forced, and is not asked for while the policy is incomplete', async () => {
    answer(routes.checkPolicy, undecided);
    answer(routes.previewPolicy, preview);
    const incomplete = await client.run(['policy', 'check', 'prod', '--preview', '2', '--yes-print-real-data']);
    expect([incomplete.exitCode, asked()]).toEqual([4, false]);
    answer(routes.checkPolicy, decided);
    const forced = await client.run(['policy', 'check', 'prod', '--preview', '2', '--yes-print-real-data']);
    expect(forced.stdout).toContain(realValue);
  });

  test('takes 1 to 20 rows', async () => {
    expect((await client.run(['policy', 'check', 'prod', '--preview', '21'])).exitCode).toBe(2);
  });
});

describe('diff', () => {
  const before = `version: 1
country: FR
sources:
  mysql:
    tables:
      users:
        keep: [id]
        columns:
          email: email
          fax: phone
          settings: { json: { keep: [$.theme], paths: { $.mail: email } } }
  ldap: { keep: [dc], drop: [sshPublicKey], attributes: { mail: email }, dn: { uid: login } }
`;
  const after = `version: 1
country: FR
sources:
  mysql:
    tables:
      users:
        where: id < 100
        columns:
          settings:
            json: { paths: { $.theme: keep, $.mail: text, $.new: keep } }
          email: { email: {} }
          id: keep
          phone: phone
  ldap: { attributes: { mail: email, dc: keep, sshPublicKey: drop }, dn: { uid: login } }
`;

  test('names what is added, removed and changed, whatever the order and spelling', async () => {
    await writeFile(join(client.folder, 'a.yaml'), before);
    await writeFile(join(client.folder, 'b.yaml'), after);
    const { exitCode, stdout } = await client.run(['policy', 'diff', 'a.yaml', 'b.yaml']);
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual([
      '+ mysql users (where): id < 100',
      '- mysql users.fax: phone',
      '+ mysql users.phone: phone',
      '~ mysql users.settings $.mail: email → text',
      '+ mysql users.settings $.new: keep (weaker)',
      '',
      'a.yaml → b.yaml: 3 added, 1 removed, 1 changed; 1 weaker, 0 stronger.',
    ]);
    const json = JSON.parse((await client.run(['policy', 'diff', 'a.yaml', 'b.yaml', '--json'])).stdout);
    expect(json.changes).toContainEqual({ change: 'changed', place: 'mysql users.settings $.mail', before: 'email', after: 'text' });
  });

  test('says where more or less of the real data leaves', async () => {
    const source = (body: string): string => `version: 1\n${body}`;
    await writeFile(
      join(client.folder, 'a.yaml'),
      source(`
leak_scan: { allow: [{ place: mysql users.a, rule: ip, reason: old }] }
sources:
  mysql:
    comments: drop
    programs: { keep: [seen@123456789012], drop: [old_view] }
    tables:
      users: { columns: { a: email, b: keep, c: { when: { column: d, is: x, then: keep, else: null } }, e: { phone: { country: GB } } } }
      logs: { rows: none }
  ldap: { keep_entries: ["cn=service"] }
`),
    );
    await writeFile(
      join(client.folder, 'b.yaml'),
      source(`
sources:
  mysql:
    comments: keep
    programs: { keep: [old_view, seen@ffffffffffff] }
    tables:
      users: { columns: { a: keep, b: null, c: null, e: { phone: { country: FR } } }, low_cardinality: { a: public } }
      logs: { rows: { sample: 10% } }
  ldap: {}
`),
    );
    const { stdout } = await client.run(['policy', 'diff', 'a.yaml', 'b.yaml']);
    expect(stdout.trimEnd().split('\n')).toEqual([
      '- ldap keep_entries cn=service: kept (stronger)',
      '- leak_scan mysql users.a ip: old (stronger)',
      '~ mysql comments: drop → keep (weaker)',
      '~ mysql logs (rows): none → { sample: 10% } (weaker)',
      '~ mysql program old_view: drop → keep (weaker)',
      '- mysql program seen@123456789012: keep',
      '+ mysql program seen@ffffffffffff: keep (weaker)',
      '+ mysql users low_cardinality a: public (weaker)',
      '~ mysql users.a: email → keep (weaker)',
      '~ mysql users.b: keep → null (stronger)',
      '~ mysql users.c: { when: { column: d, else: null, is: x, then: keep } } → null (stronger)',
      '~ mysql users.e: { phone: { country: GB } } → { phone: { country: FR } }',
      '',
      'a.yaml → b.yaml: 2 added, 3 removed, 7 changed; 6 weaker, 4 stronger.',
    ]);
  });

  test('takes an environment for its current policy', async () => {
    await writeFile(join(client.folder, 'a.yaml'), before);
    answer(routes.showPolicy, { version: 1, environment: 'prod', policyFile: 'prod.yaml', text: before });
    expect((await client.run(['policy', 'diff', 'a.yaml', 'prod'])).stdout).toContain('a.yaml and prod say the same of every place.');
  });

  test('a file that is not there is no environment', async () => {
    const { exitCode, stderr } = await client.run(['policy', 'diff', 'gone.yaml', 'prod']);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('There is no file gone.yaml')]);
    expect(existsSync(join(client.folder, 'gone.yaml'))).toBe(false);
  });

  describe('of what snapshots record', () => {
    type Places = NonNullable<Manifest['sources'][number]['places']>;
    const snapshot = (tag: string, policy: string, places: Places | undefined): Promise<void> =>
      makeDataImage([mysqlSource({ customers: 1, chunkRows: 1 })], {
        change: (manifest) => ({
          ...manifest,
          schemaVersion: places ? manifestSchemaVersion : 3,
          policy: { digest: digestOf(policy) },
          sources: manifest.sources.map((source) => ({ ...source, ...(places ? { places } : {}) })),
        }),
      }).then((image) => registry.add('shop', tag, image));
    const users = (name: string, rule: string) => ({ section: 'shop.users', name, rule });
    const may: Places = [
      users('id', 'keep'),
      users('email', 'email'),
      users('settings', '{ json: { keep: [ $.theme ], paths: { $.mail: email } } }'),
      { section: 'shop.logs', name: '', rule: 'none' },
      { section: 'structure', name: 'view shop.seen', rule: 'keep', digest: '0123456789ab' },
      { section: 'attributes', name: 'mail', rule: 'email' },
      { section: 'class device', name: 'cn', rule: '{ phone: { country: NO } }' },
    ];
    const june: Places = [
      users('id', 'keep'),
      users('email', 'keep'),
      users('settings', '{ json: { paths: { $.theme: keep, $.mail: null, $.fax: phone } } }'),
      { section: 'shop.logs', name: '', rule: '{ sample: 10%, by: id }' },
      { section: 'structure', name: 'view shop.seen', rule: 'drop' },
      { section: 'attributes', name: 'mail', rule: 'email' },
    ];

    test('two snapshots, rule by rule', async () => {
      await snapshot('may', 'one', may);
      await snapshot('june', 'two', june);
      const { exitCode, stdout } = await client.run(['policy', 'diff', 'may', 'shop:june']);
      expect([exitCode, stdout.trimEnd().split('\n')]).toEqual([
        0,
        [
          '- main class device attribute cn: { phone: { country: NO } }',
          '~ main shop.logs (rows): none → { by: id, sample: 10% } (weaker)',
          '~ main shop.users.email: email → keep (weaker)',
          '+ main shop.users.settings $.fax: phone',
          '~ main shop.users.settings $.mail: email → null (stronger)',
          '~ main view shop.seen: keep → drop (stronger)',
          '',
          'may → shop:june: 1 added, 1 removed, 4 changed; 2 weaker, 2 stronger.',
        ],
      ]);
      const json = await client.runJson(['policy', 'diff', 'may', 'june']);
      expect([json.samePolicy, json.changes.length]).toEqual([false, 6]);
    });

    test('a snapshot and the present policy of an environment, as a build would take it', async () => {
      await snapshot('may', 'one', may);
      answer(routes.showPolicy, { version: 1, environment: 'prod', policyFile: 'prod.yaml', text: before });
      const recorded = (policy: string, places: Places) => ({
        ...decided,
        recorded: { policy: digestOf(policy), sources: [{ name: 'main', places }] },
      });
      answer(routes.checkPolicy, recorded('two', june));
      expect((await client.run(['policy', 'diff', 'may', 'prod'])).stdout).toContain('~ main shop.users.email: email → keep (weaker)');
      answer(routes.checkPolicy, recorded('one', may));
      expect(await client.runJson(['policy', 'diff', 'prod', 'may'])).toEqual({
        version: 1,
        before: 'prod',
        after: 'may',
        samePolicy: true,
        changes: [],
      });
      answer(routes.checkPolicy, recorded('two', may));
      expect((await client.run(['policy', 'diff', 'may', 'prod'])).stdout).toContain('Their policies differ all the same');
    });

    test('not where a snapshot is too old, nor with a file, nor with what is neither', async () => {
      await snapshot('old', 'one', undefined);
      await snapshot('may', 'one', may);
      await writeFile(join(client.folder, 'a.yaml'), before);
      const run = async (...sides: string[]) => {
        const { exitCode, stderr } = await client.run(['policy', 'diff', ...sides]);
        return [exitCode, stderr];
      };
      expect(await run('old', 'may')).toEqual([4, expect.stringContaining('records its policy by digest only')]);
      expect(await run('a.yaml', 'may')).toEqual([2, expect.stringContaining('Name the environment that it is the policy of')]);
      expect(await run('nothing', 'may')).toEqual([
        3,
        expect.stringMatching(/no file, no environment .* no snapshot.*has no tag "nothing"/s),
      ]);
    });
  });

  test('the shipped policy can be read place by place', async () => {
    const text = await readFile(`${import.meta.dirname}/../../stack/policies/prod.yaml`, 'utf8');
    const places = readPolicyPlaces(text, 'prod.yaml');
    expect(places.get('mysql users.settings $.notifications.address')?.text).toContain('email');
    expect(() => readPolicyPlaces('just text', 'x')).toThrow('no policy');
  });
});
