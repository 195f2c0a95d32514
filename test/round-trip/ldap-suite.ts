import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { connectLdap } from '../../builder/ldap/session.ts';
import type { LdapSourceConfig } from '../../core/index.ts';
import { waitHealthy } from '../../scripts/wait-healthy.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import type { DataImage } from '../support/data-image.ts';
import { describeWithEngine } from '../support/engine.ts';
import { buildDataImage } from '../support/round-trip.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

const password = 'geheim';
const base = 'dc=round,dc=test';
const second = 'o=Second Suffix\\2C \\22quoted\\22';
const { signal } = new AbortController();
/** Of the definitions in ldap-schema.ldif. */
const ownArc = '1.3.6.1.4.1.32473.7';

const serviceOf = (image: string): string => `
    image: ${image}
    environment: { LDAP_DOMAIN: round.test, LDAP_BASE_DN: "${base}", LDAP_ADMIN_PASSWORD: ${password} }
    healthcheck: { test: ["CMD-SHELL", 'ldapsearch -x -H ldap://127.0.0.1 -b "" -s base'], interval: 1h, retries: 90 }`;
const composeFileOf = (source: string, target: string): string => `
services:
  source:${serviceOf(source)}
    ports: ["127.0.0.1:0:389"]
  target:${serviceOf(target)}
    labels: { dyn-data.source: hostile }
`;

type Service = 'source' | 'target';

export type LdapRoundTrip = {
  readonly project: string;
  /** May take as long as building them takes; of two versions, what their programs bring to the schema differs. */
  readonly images: () => Promise<{ readonly source: string; readonly target: string }>;
  /** Whether it is tried too what becomes of the data where the overlays of the two servers differ. */
  readonly otherOverlays: boolean;
};

export function ldapRoundTrip(name: string, options: LdapRoundTrip): void {
  const { project } = options;
  describeWithEngine(name, () => {
    let registry: SmallRegistry;
    let client: ClientProject;
    let config: LdapSourceConfig;
    let image: DataImage;
    let isOneVersion = true;

    const compose = async (...args: string[]): Promise<string> => {
      const result = await client.docker(['compose', '-f', join(client.folder, 'docker-compose.yml'), '-p', project, ...args]);
      if (result.exitCode !== 0) throw new Error(`${result.stdout.slice(-500)}\n${result.stderr}`);
      return result.stdout;
    };
    const start = async (service: Service): Promise<void> => {
      await compose('up', '-d', service);
      await waitHealthy(`${project}-${service}-1`);
    };
    /** Applies a file of this folder through the running server. */
    const apply = async (to: Service, file: string, options: readonly string[], edit = (ldif: string) => ldif): Promise<void> => {
      const text = Buffer.from(edit(await readFile(new URL(file, import.meta.url), 'utf8'))).toString('base64');
      await compose('exec', '-T', to, 'sh', '-ec', 'echo "$0" | base64 -d | ldapmodify -H ldapi:/// "$@"', text, ...options);
    };
    const asRoot = ['-Q', '-Y', 'EXTERNAL'];
    const configure = async (to: Service): Promise<void> => {
      await start(to);
      await compose('exec', '-T', to, 'install', '-d', '-o', 'openldap', '-g', 'openldap', '/var/lib/ldap/second');
      await apply(to, 'ldap-server.ldif', asRoot);
    };
    const connect = () => connectLdap('hostile', config, password, signal);
    /** Each entry as the set of its lines. What is said of the whole database, contextCSN, the server makes from its entries. */
    const entries = async (of: Service, suffix: string): Promise<Map<string, string[]>> => {
      const ldif = await compose('exec', '-T', of, 'slapcat', '-b', suffix, '-o', 'ldif-wrap=no');
      return new Map(
        ldif
          .split('\n\n')
          .filter(Boolean)
          .map((entry) => {
            const [dn = '', ...lines] = entry.split('\n');
            return [dn, lines.filter((line) => !line.startsWith('contextCSN:')).sort()];
          }),
      );
    };
    const definitions = async (of: Service): Promise<string[]> => {
      const wanted = ['attributeTypes', 'objectClasses', 'ldapSyntaxes', 'dITContentRules'];
      const search = ['ldapsearch', '-x', '-LLL', '-o', 'ldif-wrap=no', '-H', 'ldapi:///', '-b', 'cn=Subschema', '-s', 'base', ...wanted];
      const lines = (await compose('exec', '-T', of, ...search)).split('\n').sort();
      return isOneVersion ? lines : lines.filter((line) => line.includes(ownArc));
    };

    /** A snapshot of all that is there, everything kept. */
    const publish = async (tag: string): Promise<DataImage> => {
      await using session = await connect();
      await session.openPoint(signal);
      const { live } = await session.describe(signal);
      const attributes = live.kind === 'ldap' ? live.attributes : [];
      const ruled =
        /^(?:member|uniqueMember|manager|seeAlso|aliasedObjectName|creatorsName|modifiersName|memberOf|tripFriend|entryDN|subschemaSubentry|hasSubordinates|contextCSN)$/;
      // tripFriend is a DN by the server's own schema, and so needs no word.
      const named = ['cn', 'sn', 'uid', 'ou', 'o', 'dc'];
      const policy = {
        keep: attributes.filter((attribute) => !ruled.test(attribute)),
        dn: Object.fromEntries(named.map((type) => [type, 'keep'])),
      };
      const built = await buildDataImage(stringify({ version: 1, sources: { hostile: policy } }), [connect]);
      registry.add('shop', tag, built);
      return built;
    };

    beforeAll(async () => {
      registry = await startSmallRegistry();
      const { source, target } = await options.images();
      isOneVersion = source === target;
      client = await createClientProject({ registry: registry.url, project, composeFile: composeFileOf(source, target) });
      await configure('source');
      await apply('source', 'ldap-schema.ldif', asRoot);
      await apply('source', 'ldap-entries.ldif', ['-x', '-M', '-D', `cn=admin,${base}`, '-w', password]);
      const port = Number((await compose('port', 'source', '389')).trim().split(':').at(-1));
      const url = `ldap://127.0.0.1:${port}`;
      config = { kind: 'ldap', url, bindDn: `cn=admin,${base}`, password: { env: 'none' }, base: [base, second] };
    });

    afterAll(async () => {
      await compose('down', '--volumes', '--timeout', '5');
      if (image) await client.docker(['image', 'rm', '--force', `${registry.host}/shop@${image.digest}`]);
      await client[Symbol.asyncDispose]();
      await registry.close();
    });

    it('is restored by the client', async () => {
      image = await publish('hostile');
      await configure('target');
      for (const args of [
        ['pull', 'hostile'],
        ['up', 'hostile'],
      ]) {
        const { exitCode, stderr } = await client.run(args);
        expect(exitCode, stderr).toBe(0);
      }
    });

    // The source changes in the last test only.
    const read = new Map<string, Promise<Map<string, string[]>>>();
    const sourceEntries = (suffix: string): Promise<Map<string, string[]>> => {
      const entriesOf = read.get(suffix) ?? entries('source', suffix);
      read.set(suffix, entriesOf);
      return entriesOf;
    };

    it.each([
      [base, 31],
      [second, 3],
    ])('has the same entries below %s', async (suffix, count) => {
      const source = await sourceEntries(suffix);
      expect(source.size).toBe(count);
      expect(await entries('target', suffix)).toEqual(source);
    });

    it('has the same schema', async () => {
      const source = await definitions('source');
      expect(source.filter((line) => line.includes(ownArc))).toHaveLength(11);
      expect(await definitions('target')).toEqual(source);
    });

    it('is restored once more over itself', async () => {
      const { exitCode, stderr } = await client.run(['up', '--replace', 'hostile']);
      expect(exitCode, stderr).toBe(0);
      expect(await entries('target', base)).toEqual(await sourceEntries(base));
      expect(await definitions('target')).toEqual(await definitions('source'));
    });

    if (!options.otherOverlays) return;
    it('is restored without memberOf into a server that does not keep it', async () => {
      await compose('rm', '--stop', '--force', '--volumes', 'target');
      await start('target');
      await compose('exec', '-T', 'target', 'install', '-d', '-o', 'openldap', '-g', 'openldap', '/var/lib/ldap/second');
      const withoutOverlay = (ldif: string): string =>
        ldif
          .split('\n\n')
          .filter((entry) => !/memberof/i.test(entry))
          .join('\n\n');
      await apply('target', 'ldap-server.ldif', asRoot, withoutOverlay);
      const { exitCode, stderr } = await client.run(['up', 'hostile']);
      expect(exitCode, stderr).toBe(0);
      const source = new Map(await sourceEntries(base));
      expect([...source.values()].flat().filter((line) => line.startsWith('memberOf:')).length).toBeGreaterThan(2);
      for (const [dn, lines] of source)
        source.set(
          dn,
          lines.filter((line) => !line.startsWith('memberOf:')),
        );
      expect(await entries('target', base)).toEqual(source);
    });

    it('names the attributes that only an overlay of the source defines', async () => {
      await apply('source', 'ldap-ppolicy.ldif', asRoot);
      const password = `dn: cn=texts,ou=people,${base}\nchangetype: modify\nreplace: userPassword\nuserPassword: none of anybody\n`;
      await apply('source', 'ldap-ppolicy.ldif', ['-x', '-D', `cn=admin,${base}`, '-w', 'geheim'], () => password);
      const withPolicies = await publish('with-password-policies');
      const { exitCode, stderr } = await client.run(['up', '--replace', 'with-password-policies']);
      expect(stderr).toContain(`error RESTORE_FAILED: Loading the naming context ${base} in the service target failed`);
      expect(stderr).toContain('the server does not know pwdChangedTime: configure the overlay');
      expect(exitCode).toBe(6);
      await client.docker(['image', 'rm', '--force', `${registry.host}/shop@${withPolicies.digest}`]);
    });
  });
}
