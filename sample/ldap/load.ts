import { DynDataError } from '../../core/errors.ts';
import { waitHealthy } from '../../scripts/wait-healthy.ts';
import type { SampleCompose } from '../compose.ts';
import type { LoadOptions } from '../load-options.ts';
import { createPopulation } from '../population.ts';
import { seedMark } from '../seed-state.ts';
import { sampleSizes } from '../sizes.ts';
import { ldapBase, ldapEntries, ldapEntryCount } from './entries.ts';
import { ldifOf } from './ldif.ts';

/** In the data volume, beside the database's own files. */
const markFile = '/var/lib/ldap/.dyn-data-sample';

/** Replaces the whole database by the LDIF on standard input, then prints how many entries it holds. */
const replaceDatabase = `set -e
find /var/lib/ldap -mindepth 1 -delete
slapadd -q -w -F /etc/ldap/slapd.d -b ${ldapBase} >&2
slapcat -F /etc/ldap/slapd.d -b ${ldapBase} | grep -c '^dn:'
chown -R openldap:openldap /var/lib/ldap`;

/** One-off containers of a seeding that was killed; they would write into the same volume. */
const removeOneOffs = async (compose: SampleCompose, project: string): Promise<void> => {
  const filters = [`label=com.docker.compose.project=${project}`, 'label=com.docker.compose.oneoff=True'];
  const ids = (await compose.docker(['ps', '-aq', ...filters.flatMap((filter) => ['--filter', filter])])).split('\n').filter(Boolean);
  if (ids.length > 0) await compose.docker(['rm', '-f', ...ids]);
};

/** Fills the directory, unless it is filled with just that. slapd is stopped meanwhile: slapadd writes the database's files itself. */
export const loadLdap = async (compose: SampleCompose, project: string, options: LoadOptions): Promise<void> => {
  const mark = seedMark(options);
  const found = await compose.run(['exec', '-T', 'ldap', 'sh', '-c', `cat ${markFile} 2>/dev/null || true`]);
  if (found.trim() === mark) {
    options.log(`ldap: holds ${options.size} already`);
    return;
  }
  const startedAt = performance.now();
  const counts = sampleSizes[options.size];
  await compose.run(['exec', '-T', 'ldap', 'rm', '-f', markFile]);
  await removeOneOffs(compose, project);
  await compose.run(['stop', 'ldap']);
  const entries = ldapEntries(createPopulation(options.seed), counts);
  const printed = await compose.run(
    ['run', '--rm', '--no-deps', '-T', '--entrypoint', 'sh', 'ldap', '-c', replaceDatabase],
    ldifOf(entries),
  );
  await compose.run(['up', '-d', '--no-deps', 'ldap']);
  await waitHealthy(`${project}-ldap-1`, { signal: options.signal });
  const expected = ldapEntryCount(counts);
  if (Number(printed.trim()) !== expected)
    throw new DynDataError(
      'VERIFY_FAILED',
      `The directory holds ${printed.trim()} entries after loading ${expected}. Run the seeding again; if that does not help, it is a defect of the sample generator.`,
    );
  // Written by a command of its own after the count: an LDIF cut off by a killed seeding never gets the mark.
  await compose.run(['exec', '-T', 'ldap', 'sh', '-c', `printf %s '${mark}' > ${markFile}`]);
  options.log(`ldap: ${expected} entries in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
};
