import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Stack, StackService } from '../../client/compose.ts';
import { readHooks, requireSpokenHooks } from '../../client/hooks.ts';
import type { Project } from '../../client/project.ts';
import { parseClientConfig } from '../../core/client-config.ts';
import type { ManifestSource } from '../../core/manifest.ts';

const service = (name: string, source?: string): [string, StackService] => [
  name,
  { name, image: name, isBuilt: false, ports: [], labels: {}, source, endsByItself: false },
];
const stack: Stack = {
  project: 'p',
  services: new Map([service('db', 'main'), service('directory', 'people'), service('app')]),
  graph: new Map(),
};
const sources = [
  { name: 'main', kind: 'mysql' },
  { name: 'people', kind: 'ldap' },
] as unknown as ManifestSource[];

describe('the hooks of a project', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-hooks-'));
    await writeFile(join(folder, 'users.sql'), 'SELECT 1;\n');
    await writeFile(join(folder, 'people.ldif'), 'dn: cn=a\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const head = 'version: 1\nregistry: http://127.0.0.1:5000\nrepository: shop\nstack: {files: [c.yml]}\n';
  const projectOf = (hooks: string): Project => ({
    config: parseClientConfig(`${head}hooks: ${hooks}\n`, 'dyn-data.yaml'),
    folder,
    configPath: join(folder, 'dyn-data.yaml'),
    stateFolder: join(folder, '.dyn-data'),
    ownName: undefined,
    registryHost: '127.0.0.1:5000',
  });

  test('are read in their order, with the texts of their files', async () => {
    const hooks = await readHooks(
      projectOf(
        "{after-up: [{service: app, command: 'bin/index --all'}, {service: app, command: [a, 'b c']}], after-restore: [{service: db, sql: users.sql, name: test users}, {service: directory, ldif: people.ldif}]}",
      ),
      stack,
    );
    expect(hooks).toEqual([
      { moment: 'after-restore', service: 'db', name: 'test users', action: { kind: 'sql', text: 'SELECT 1;\n' } },
      { moment: 'after-restore', service: 'directory', name: 'people.ldif', action: { kind: 'ldif', text: 'dn: cn=a\n' } },
      {
        moment: 'after-up',
        service: 'app',
        name: 'bin/index --all',
        action: { kind: 'command', command: ['sh', '-c', 'bin/index --all'] },
      },
      { moment: 'after-up', service: 'app', name: 'a b c', action: { kind: 'command', command: ['a', 'b c'] } },
    ]);
    expect(() => requireSpokenHooks(hooks, stack, { sources })).not.toThrow();
  });

  test('that cannot run are all named before anything starts', async () => {
    const wrong = projectOf(
      '{before-restore: [{service: cache, command: x}, {service: app, command: y}], after-up: [{service: db, sql: none.sql}, {service: app, sql: users.sql}]}',
    );
    await expect(readHooks(wrong, stack)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: [
        'before-restore x: the stack has no service cache',
        'before-restore y: the service app takes no data, so only a command of after-up can run in it',
        'after-up none.sql: there is no file none.sql beside dyn-data.yaml',
        'after-up users.sql: the service app takes no data, so only a command of after-up can run in it',
      ],
    });
  });

  test('in a language that their service does not speak are refused', async () => {
    const hooks = await readHooks(
      projectOf('{after-restore: [{service: directory, sql: users.sql}, {service: db, ldif: people.ldif}]}'),
      stack,
    );
    expect(() => requireSpokenHooks(hooks, stack, { sources })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: [
          'after-restore users.sql: the service directory is of kind ldap; give it ldif',
          'after-restore people.ldif: the service db is of kind mysql; give it sql',
        ],
      }),
    );
  });

  test.each([
    ['nothing to do', '{after-up: [{service: db}]}'],
    ['two things to do', '{after-up: [{service: db, sql: users.sql, command: x}]}'],
    ['another moment', '{after-pull: [{service: db, sql: users.sql}]}'],
  ])('with %s are no configuration', (_, hooks) => {
    expect(() => projectOf(hooks)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
