import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CompiledPolicy, Value } from '../../anonymizers/index.ts';
import { parseKey } from '../../anonymizers/key.ts';
import { createIdentityRules } from '../../anonymizers/prose/identity-rules.ts';
import { beyond, createIdentityTable } from '../../anonymizers/prose/identity-table.ts';
import { createRuleMaker } from '../../anonymizers/rule-maker.ts';
import { createLeakHooks } from '../../anonymizers/watch.ts';
import { column, compile, shop, transformed, transformedEntry } from './live.ts';
import { basePolicy, hostileValues, keyText, textTarget } from './making.ts';

const users = ['first', 'last', 'email', 'login', 'phone', 'company'].map((name) => column(name));
const policyText = `
identities: { staff.login: login, staff.email: email, uk.phone: phone }
sources:
  mysql:
    tables:
      users:
        columns:
          first: { first-name: { of: email } }
          last: { last-name: { of: email } }
          email: email
          login: login
          phone: phone
          company: company-name
      suppliers: { columns: { contact: full-name, phone: { phone: { country: GB, identity: uk.phone } }, data: { json: { paths: { $.by: full-name } } } } }
  directory:
    attributes: { cn: full-name, uid: { login: { identity: staff.login } }, mail: { email: { identity: staff.email, form: company } } }
    drop: [objectClass]
    dn: { uid: { login: { identity: staff.login } } }
  crm:
    tables: { notes: { columns: { author: first-name, body: { scrub: { columns: { author: first-name } } } } } }
`;

type User = readonly [first: string, last: string, email: string, login: string, phone: string, company: string];
const marie: User = ['Marie', 'Dupont', 'marie.dupont@acme.fr', 'mdupont', '06 12 34 56 78', 'Société Nouvelle'];
const jean: User = ['Jean-Pierre', 'Lefèvre', 'jp@acme.fr', 'jp.lefevre', '+33 6 98 76 54 32', 'Totalis'];
const rose: User = ['Rose', 'Petit', 'rose@acme.fr', 'admin', '0711223344', 'Orange'];

/** Three sources whose people are known, and their pseudonyms. */
function world(
  people: readonly User[],
  others: { readonly staff?: readonly string[]; readonly suppliers?: readonly (readonly string[])[] } = {},
) {
  const plan = compile(
    policyText,
    shop({ users, suppliers: [column('contact'), column('phone'), column('data', { type: 'json', sqlType: 'json' })] }),
    { name: 'directory', kind: 'ldap', bases: ['dc=acme'], attributes: ['cn', 'mail', 'objectClass', 'uid'] },
    shop({ notes: [column('author'), column('body', { sqlType: 'text', maxLength: 10_000 })] }, { name: 'crm' }),
  );
  const { known } = plan;
  if (!known) throw new Error('nobody asks for names');
  const bytes = (values: readonly string[]): Value[] => values.map((value) => Buffer.from(value));
  for (const user of people) plan.table('mysql', 'shop', 'users').identities?.observe(bytes(user), known);
  for (const row of others.suppliers ?? []) plan.table('mysql', 'shop', 'suppliers').identities?.observe(bytes(row), known);
  for (const uid of others.staff ?? []) {
    const entry = { cn: ['Someone'], uid: [uid], mail: [`${uid}@staff.test`] };
    const attributes = new Map(Object.entries(entry).map(([name, values]) => [name, values.map((value) => Buffer.from(value))]));
    plan.directory('directory').identities?.observe({ dn: `uid=${uid},dc=acme`, attributes }, known);
  }
  known.complete();
  return {
    plan,
    note: noteOf(plan),
    user: (one: User) => transformed(plan, 'users', ...one) as [string, string, string, string, string, string],
  };
}

const noteOf =
  (plan: CompiledPolicy) =>
  (body: string, author: string | null = null) => {
    const row: Value[] = [author === null ? null : Buffer.from(author), Buffer.from(body)];
    plan.table('crm', 'shop', 'notes').transform(row);
    return Buffer.from(row[1] ?? '').toString();
  };

describe('names in prose', () => {
  const { note, user, plan } = world([marie, jean, rose], {
    staff: ['k.brandt', 'sboulanger'],
    suppliers: [['Ada Lovelock', '020 7946 0958', '{"by":"Zoé Quinault"}']],
  });
  const [first, last, email, login, phone, company] = user(marie);

  test('somebody of another source has the pseudonyms of their own columns', () => {
    expect(note('Marie Dupont (mdupont, marie.dupont@acme.fr, 06 12 34 56 78) of Société Nouvelle called.')).toBe(
      `${first} ${last} (${login}, ${email}, ${phone}) of ${company} called.`,
    );
    expect(note('Marie, then Mme Dupont')).toBe(`${first}, then Mme ${last}`);
    const { uid, mail } = transformedEntry(plan.directory('directory'), 'uid=k.brandt,dc=acme', {
      uid: ['k.brandt'],
      mail: ['k.brandt@staff.test'],
    });
    expect(note('ask k.brandt (K.Brandt@staff.test)')).toBe(`ask ${uid} (${mail})`);
    const [contact, number, data] = transformed(plan, 'suppliers', 'Ada Lovelock', '020 7946 0958', '{"by":"Zoé Quinault"}');
    expect(note('Ada Lovelock, 020 7946 0958; Zoe Quinault')).toBe(`${contact}, ${number}; ${JSON.parse(data ?? '').by}`);
  });

  test('case, accents, hyphens, order and line breaks do not matter', () => {
    const [jeanFirst, jeanLast, , jeanLogin] = user(jean);
    for (const spelling of ['Jean-Pierre Lefèvre', 'JEAN PIERRE LEFEVRE', 'jean-pierre\nlefèvre', 'Jean‑Pierre Lefe\u0300vre']) {
      expect(note(`à ${spelling}.`)).toBe(`à ${jeanFirst} ${jeanLast}.`);
    }
    expect(note('LEFÈVRE Jean-Pierre / Lefèvre, Jean-Pierre')).toBe(`${jeanLast} ${jeanFirst} / ${jeanLast}, ${jeanFirst}`);
    expect(note('JP.Lefevre')).toBe(jeanLogin);
  });

  test('only whole words are names', () => {
    const text = 'Mariette, Dupontel, mdupont2 and lefevres';
    expect(note(text)).toBe(text);
  });

  test('an ordinary word is a name with a capital, after a title, or beside the other name; words that begin sentences never are', () => {
    const [roseFirst, roseLast, , , , orange] = user(rose);
    expect(note('une rose, un petit admin en orange')).toBe('une rose, un petit admin en orange');
    expect(note('Rose et mme petit; rose petit; chez Orange')).toBe(
      `${roseFirst} et mme ${roseLast}; ${roseFirst} ${roseLast}; chez ${orange}`,
    );
  });

  test('a name of several people has a pseudonym of its own, the same everywhere; the row says of whom it speaks', () => {
    const other: User = ['Marie', 'Dupont', 'marie@other.fr', 'md2', '0633333333', 'Autre'];
    const shared = world([marie, other]);
    const text = shared.note('Marie Dupont');
    expect(text).not.toContain('Dupont');
    expect(shared.note('marie dupont!')).not.toContain('dupont');
    expect(shared.note('Marie Dupont')).toBe(text);
    expect(world([other, marie]).note('Marie Dupont')).toBe(text);
    // The author of the note is decided by its own rule.
    const [author] = [Buffer.from('Marie')];
    const row: Value[] = [author, Buffer.from('Marie here')];
    shared.plan.table('crm', 'shop', 'notes').transform(row);
    expect(Buffer.from(row[1] ?? '').toString()).toBe(`${Buffer.from(row[0] ?? '')} here`);
  });

  test('where one column goes by the address and another by the name alone, the address counts', () => {
    for (const contacts of [
      [marie, jean],
      [jean, marie],
    ]) {
      const both = world(contacts, {
        suppliers: [
          ['Marie Dupont', '', '{}'],
          ['Dupont Marie', '', '{}'],
        ],
      });
      expect(both.note('Marie Dupont and Dupont Marie, Marie or Dupont')).toBe(
        `${first} ${last} and ${last} ${first}, ${first} or ${last}`,
      );
    }
  });

  test('of a longer name, a part is looked for with its capital', () => {
    const [contact = ''] = transformed(plan, 'suppliers', 'Ada Lovelock', null, null);
    expect(note('Lovelock wrote')).toBe(`${contact?.split(' ').slice(1).join(' ')} wrote`);
    expect(note('a lovelock')).toBe('a lovelock');
  });

  test('is total on any bytes, deterministic, and leaves text alone in which nobody is named', () => {
    const other = world([jean, rose, marie], {
      staff: ['sboulanger', 'k.brandt'],
      suppliers: [['Ada Lovelock', '020 7946 0958', '{"by":"Zoé Quinault"}']],
    });
    const pieces = fc.constantFrom(
      'Marie',
      ' ',
      ',',
      'DUPONT',
      '-',
      'mdupont',
      '@acme.fr',
      '06 12',
      ' 34 56 78',
      '\u0300',
      '𠮷',
      'ﷺ',
      'M.',
      'petit',
      '.',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 80 }),
          fc.array(pieces, { maxLength: 20 }).map((all) => Buffer.from(all.join(''))),
        ),
        (value) => {
          const results = [plan, other.plan].map((one) => {
            const row: Value[] = [null, value];
            one.table('crm', 'shop', 'notes').transform(row);
            return Buffer.from(row[1] ?? []).toString('hex');
          });
          expect(results[1]).toBe(results[0]);
          expect(Buffer.from(results[0] ?? '', 'hex').toString()).not.toMatch(
            /mdupont(?![\p{L}\p{N}\p{M}._+-])(?<![\p{L}\p{N}\p{M}._+-]mdupont)/iu,
          );
        },
      ),
      { numRuns: 500, seed: 1 },
    );
    for (const value of hostileValues) expect(() => note(Buffer.from(value).toString())).not.toThrow();
    const quiet = 'The delivery of 2024-05-12 was late; order 4711 is on its way.';
    expect(note(quiet)).toBe(quiet);
  });

  test('long texts without an end of a word, an address or a number take no longer than others', () => {
    for (const text of ['a'.repeat(300_000), '1 '.repeat(150_000), 'a.'.repeat(150_000), '@a'.repeat(100_000), '1'.repeat(300_000)]) {
      expect(() => note(text)).not.toThrow();
    }
  }, 10_000);
});

describe('what is not known cannot stay', () => {
  test('before everybody is known, nothing of a text stays', () => {
    const plan = compile('sources: { mysql: { tables: { notes: { columns: { body: scrub } } } } }', shop({ notes: [column('body')] }));
    expect(transformed(plan, 'notes', 'Quixotic things happen')[0]).toMatch(/^[a-z ]*$/);
    plan.known?.complete();
    expect(transformed(plan, 'notes', 'Quixotic things happen')).toEqual(['Quixotic things happen']);
  });

  test('with more people than there is room for, a text that names one is replaced whole, in whatever order they came', () => {
    const make = (logins: readonly string[]): ((text: string) => string) => {
      const identities = createIdentityRules(parseKey(keyText), 3);
      const maker = createRuleMaker(basePolicy, parseKey(keyText), createLeakHooks(), identities);
      const login = maker('login', textTarget, () => ({ index: 0, maxLength: undefined }));
      const { apply } = maker('scrub', textTarget, () => ({ index: 0, maxLength: undefined }));
      const known = identities.known();
      for (const name of logins) login.identify?.(Buffer.from(name), [], known.sink);
      known.complete();
      return (text) => Buffer.from(apply(Buffer.from(text), []) ?? []).toString();
    };
    const logins = ['jdoe1', 'jdoe2', 'jdoe3', 'jdoe4'];
    const [one, other, room] = [make(logins), make(logins.toReversed()), make(logins.slice(1))];
    for (const name of logins) {
      expect(one(`Quixotic ${name} called`)).toMatch(/^[a-z ]*$/);
      expect(other(`Quixotic ${name} called`)).toBe(one(`Quixotic ${name} called`));
    }
    expect(one('Quixotic jdoe9 called')).toBe('Quixotic jdoe9 called');
    expect(room('Quixotic jdoe4 called')).toMatch(/^Quixotic \S+ called$/);
  });

  test('the table keeps every number up to its limit, and every tag beyond it', () => {
    const table = createIdentityTable(20_000);
    const tagOf = (n: number): [number, number] => [Math.imul(n, 0x9e3779b1), n];
    for (let n = 1; n <= 20_000; n++) table.put(...tagOf(n), n, Math.min);
    for (let n = 1; n <= 20_000; n++) expect(table.get(...tagOf(n))).toBe(n);
    expect(table.get(...tagOf(20_001))).toBe(0);
    table.put(...tagOf(20_001), 1, Math.min);
    for (let n = 1; n <= 20_001; n++) expect(table.get(...tagOf(n))).toBe(beyond);
    expect(table.get(...tagOf(30_000))).toBe(0);
  });

  test('where no rule looks for names, nobody is gathered', () => {
    expect(compile('sources: { mysql: { tables: { a: { columns: { b: login } } } } }', shop({ a: [column('b')] })).known).toBeUndefined();
  });
});
