import { describe, expect, it } from 'vitest';
import { bulkText } from '../../sample/bulk-text.ts';
import { ldapEntries } from '../../sample/ldap/entries.ts';
import { mysqlTables } from '../../sample/mysql/tables.ts';
import { createPopulation } from '../../sample/population.ts';
import { postgresTables } from '../../sample/postgres/tables.ts';
import { realEmails, realPhones, realSecrets } from '../../sample/real-values.ts';
import { defaultSeed, sampleSizes } from '../../sample/sizes.ts';

const counts = sampleSizes.small;
const population = createPopulation(defaultSeed);

function* everyText(): Generator<string> {
  for (const { table, rows } of [...mysqlTables(population, counts), ...postgresTables(population, counts)])
    if (table !== 'quirks') for (const piece of bulkText(rows())) yield piece.toString();
  for (const { attributes } of ldapEntries(population, counts))
    for (const [name, values] of attributes) if (name !== 'jpegPhoto') yield values.join('\n');
}

const texts = [...everyText()];

describe('the lists of real values', () => {
  it('hold every e-mail address that occurs', () => {
    const real = new Set(realEmails(population, counts));
    const found = new Set<string>();
    for (const text of texts)
      for (const [email] of text.matchAll(/[a-z0-9._-]+(?:@|%40)[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi))
        found.add(email.toLowerCase().replace('%40', '@'));
    expect(found.size).toBeGreaterThan(2_000);
    expect([...found].filter((email) => !real.has(email))).toEqual([]);
  });

  it('hold every phone number that occurs, however it is written', () => {
    const real = new Set(realPhones(population, counts));
    const found = new Set<string>();
    for (const text of texts) {
      for (const [number] of text.matchAll(/\+\d[\d ]{9,18}\d/g)) found.add(number.replaceAll(' ', ''));
      for (const [number] of text.matchAll(/(?<![\d ])06(?: \d\d){4}/g)) found.add(`+33${number.replaceAll(' ', '').slice(1)}`);
    }
    expect(found.size).toBeGreaterThan(4_000);
    expect([...found].filter((number) => !real.has(number))).toEqual([]);
  });

  it('hold secrets that really occur', () => {
    const text = texts.join('\n').replaceAll('\\n', '\n');
    const secrets = [...realSecrets(population, counts)];
    expect(secrets.length).toBeGreaterThan(counts.installations);
    for (const secret of secrets) if (!text.includes(secret)) expect.fail(`${secret} does not occur`);
  });
});
