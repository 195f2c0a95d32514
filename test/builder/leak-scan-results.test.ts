import { describe, expect, it } from 'vitest';
import {
  type CompiledPolicy,
  compilePolicy,
  type LiveColumn,
  type LiveSource,
  parseKey,
  parsePolicy,
  type Value,
} from '../../anonymizers/index.ts';
import { type LeakScan, prepareLeakScan } from '../../builder/leak-scan/leak-scan.ts';
import { noRow, observedColumns } from '../../builder/observed-columns.ts';
import type { Chunk } from '../../builder/pack.ts';
import { column, compile, shop } from '../anonymizers/live.ts';
import { keyText } from '../anonymizers/making.ts';

// What is watched, and what counts as a result of the policy's own: from the rules of a table to the findings in its rows.

type Row = readonly (string | null)[];
type Table = { readonly rules: string; readonly columns: readonly LiveColumn[]; readonly rows: readonly Row[] };

const never = new AbortController().signal;
const valuesOf = (row: Row): Value[] => row.map((value) => (value === null ? null : Buffer.from(value)));
const field = (value: Value): string =>
  value === null ? '\\N' : Buffer.from(value).toString().replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');

type Observe = (compiled: CompiledPolicy) => Parameters<LeakScan['observe']>[0]['observe'];

/** What the scan finds in `written`, as a chunk of the named table or subtree, when `observe` has handed on the real values. */
async function findings(
  sources: string,
  source: LiveSource,
  name: string,
  observe: Observe,
  written: (compiled: CompiledPolicy) => string,
): Promise<string[]> {
  const policy = parsePolicy(`version: 1\ncountry: FR\nidentities: { desk.phone: phone }\nsources:\n${sources}`, 'test.yaml');
  const key = parseKey(keyText);
  const compiled = compilePolicy({ policy, key, sources: [source] });
  await using prepared = prepareLeakScan();
  const scan = prepared.start(policy, compiled, key, [source]);
  await scan.observe({ observe: observe(compiled) }, never);
  compiled.known?.complete();
  const chunk: Chunk = {
    bytes: Buffer.from(written(compiled)),
    rows: 1,
    order: '0',
    reference: false,
    boundary: 0,
    release: () => undefined,
  };
  const own = scan.source(source);
  const given = (async function* () {
    yield chunk;
  })();
  const passed = await Array.fromAsync(own.chunks({ schema: 'shop', name }, source.kind === 'ldap' ? 'text' : 'table', given));
  const found = own.found.all.map(({ place, rule, count }) => `${place.split(/[. ]/).at(-1)}: ${count} ${rule}`);
  expect(passed.length).toBe(found.length === 0 ? 1 : 0);
  return found;
}

/** Anonymizes the rows of a table; what the scan finds in them, and in rows of which `planted` says what they are after the anonymizer. */
function findingsIn({ rules, columns, rows }: Table, planted: readonly Row[] = []): Promise<string[]> {
  const observe: Observe = (compiled) => async (_policy, sink) => {
    const plan = compiled.table('mysql', 'shop', 'people');
    const observed = observedColumns(plan, compiled.known);
    for (const row of rows.map(valuesOf)) {
      const read = (position: number): Value => row[observed.columns[position] as number] ?? null;
      const decided = observed.rowOf?.(read) ?? noRow;
      for (const [position, index] of observed.columns.entries()) {
        const value = read(position);
        if (value) plan.leaks[index]?.observe?.(value, sink.watch, decided);
      }
      observed.identify?.(read);
    }
  };
  const transformed = (compiled: CompiledPolicy) => (row: Row) => {
    const values = valuesOf(row);
    compiled.table('mysql', 'shop', 'people').transform(values);
    return values;
  };
  const text = (values: readonly Value[]): string => `${values.map(field).join('\t')}\n`;
  return findings(` mysql:\n  tables:\n    people:\n${rules}`, shop({ people: columns }), 'people', observe, (compiled) =>
    [...rows.map(transformed(compiled)), ...planted.map(valuesOf)].map(text).join(''),
  );
}

const cards = ['4111 1111 1111 1111', '5500005555555559', '30569309025904'];
const ibans = ['FR14 2004 1010 0505 0001 3M02 606', 'DE89370400440532013000', 'gb29 nwbk 6016 1331 9268 19'];

describe('a choice between two rules', () => {
  const table: Table = {
    rules: `
      columns:
        kind: keep
        phone: { when: { column: kind, is: company, then: keep, else: phone } }
        note: keep
`,
    columns: [column('kind'), column('phone'), column('note')],
    rows: [
      ['company', '01 42 68 53 00', 'our switchboard: 01 42 68 53 00'],
      ['person', '06 12 34 56 78', 'nothing'],
    ],
  };

  it('what it keeps is not watched', async () => expect(await findingsIn(table)).toEqual([]));

  it('what it replaces is, wherever the real value stands', async () =>
    expect(await findingsIn(table, [['person', null, 'call 0612345678'] as const])).toEqual(['note: 1 known-phone']));

  it('a form that one rule makes and the other keeps is a finding', async () => {
    const addresses: Table = {
      rules: `
      columns:
        kind: keep
        ip: { when: { column: kind, is: company, then: keep, else: { ip: { form: prefix } } } }
`,
      columns: [column('kind'), column('ip')],
      rows: [['company', '10.1.2.3']],
    };
    expect(await findingsIn(addresses)).toEqual([]);
    expect(await findingsIn(addresses, [['company', '82.64.17.3']])).toEqual(['ip: 1 ip']);
  });
});

it('a choice in an entry of a directory goes by the values of that entry', () => {
  const rule = '{ when: { column: employeeType, is: desk, then: keep, else: phone } }';
  const plan = compile(
    `sources: { ldap: { keep: [objectClass, employeeType], attributes: { telephoneNumber: ${rule} }, dn: { uid: login } } }`,
    { name: 'ldap', kind: 'ldap', bases: ['dc=acme'], attributes: ['objectClass', 'employeeType', 'telephoneNumber'] },
  ).directory('ldap');
  const watched: string[] = [];
  for (const [type, number] of [
    ['desk', '+33142685300'],
    ['person', '+33612345678'],
  ] as const) {
    const attributes = new Map(Object.entries({ telephoneNumber: [Buffer.from(number)], employeeType: [Buffer.from(type)] }));
    plan.leaks.observe({ dn: 'uid=x,dc=acme', attributes }, (kind, bytes) => void watched.push(`${kind} ${Buffer.from(bytes)}`));
  }
  expect(plan.leaks.attributes).toContain('employeeType');
  expect(watched).toEqual(['phone +33612345678']);
});

describe('an account or card number', () => {
  const table: Table = {
    rules: `
      columns:
        iban: iban
        card: card-number
        note: { scrub: {} }
        other: keep
`,
    columns: [column('iban'), column('card'), column('note', { maxLength: 4000 }), column('other')],
    rows: [
      ...ibans.map((iban, index) => [iban, cards[index] ?? null, `pay to ${iban}`, null] as const),
      ['none', 'none', 'and to NL91 ABNA 0417 1643 00, which no column holds', null],
    ],
  };

  it('is a pseudonym in its own column and in prose', async () => expect(await findingsIn(table)).toEqual([]));

  it('is found there too where it is none, and known where it is real', async () =>
    expect(
      await findingsIn(table, [
        ['DE75 5121 0800 1245 1261 99', '6011000990139424', 'BE68 5390 0754 7034', null],
        ['DE89 3704 0044 0532 0130 00', '4111-1111-1111-1111', 'NL91ABNA0417164300', '5500 0055 5555 5559'],
      ]),
    ).toEqual([
      'card: 1 card',
      'card: 1 known-value',
      'iban: 1 iban',
      'iban: 1 known-value',
      'note: 1 iban',
      'note: 1 known-value',
      'other: 1 known-value',
    ]));
});

describe('a phone number', () => {
  const numbers = ['+33 6 12 34 56 78', '06 98 76 54 32', '+442079460958', '+1 212 664 7665', '+971 (0)50 123 4567', 'no number'];
  const table: Table = {
    rules: `
      columns:
        kind: keep
        phone: { when: { column: kind, is: uk, then: { phone: { country: GB } }, else: phone } }
        note: { scrub: {} }
        data: { json: { keep: ["$.text"], paths: { "$.from": { phone: { identity: desk.phone } } } } }
        other: keep
`,
    columns: [
      column('kind'),
      column('phone'),
      column('note', { maxLength: 4000 }),
      column('data', { type: 'json', sqlType: 'json' }),
      column('other'),
    ],
    rows: [
      ...numbers.map(
        (number) => ['uk', number, `${number} called, +33 6 55 44 33 22 did not`, JSON.stringify({ from: `${number}` }), null] as const,
      ),
      [
        'fr',
        '+33 6 12 34 56 78',
        '+33 6 12 34 56 78 2024 and +33-6-12-34-56-78/79',
        JSON.stringify({ from: '+81 90 1234 5678', text: 'x' }),
        null,
      ],
    ],
  };

  it('is a pseudonym in its own column, in prose and in a document, and wherever it is repeated', async () => {
    expect(await findingsIn(table)).toEqual([]);
  });

  it('is found where no column holds it, in places of its own rule too', async () =>
    expect(
      await findingsIn(table, [
        ['fr', '+33699887766', 'ask +33699887766', '{"from":"+33699887766"}', 'or +33 6 99 88 77 66'],
        ['fr', null, null, '{"text":"+1 (646) 201-3344"}', 'real: +33 6 12 34 56 78'],
      ]),
    ).toEqual(['data: 2 phone', 'note: 1 phone', 'other: 1 known-phone', 'other: 1 phone', 'phone: 1 phone']));
});

it('in a column of the rule phone alone, watched numbers are found', async () => {
  const table: Table = {
    rules: `
      columns:
        phone: phone
        note: keep
`,
    columns: [column('phone'), column('note')],
    rows: [['+33 6 12 34 56 78', null]],
  };
  expect(await findingsIn(table)).toEqual([]);
  expect(await findingsIn(table, [['+33 6 12 34 56 78', 'or +33 6 99 88 77 66']])).toEqual(['note: 1 phone', 'phone: 1 known-phone']);
});

describe('a path of a document', () => {
  const table: Table = {
    rules: `
      columns:
        data:
          json:
            keep: ["$.free", "$.list[*]"]
            paths:
              $.ip: { ip: { form: prefix } }
              $.inner: { json: { keep: [$.note], paths: { $.from: { ip: { form: prefix } } } } }
`,
    columns: [column('data', { type: 'json', sqlType: 'json' })],
    rows: [
      [JSON.stringify({ ip: '82.64.17.3', free: 'a "quote" \\ and\nmore', inner: JSON.stringify({ from: '82.64.17.4', note: 'x' }) })],
    ],
  };

  it('may have a form that its own rule makes', async () => expect(await findingsIn(table)).toEqual([]));

  it.each([
    ['beside it', { ip: '82.64.17.3', free: 'from 91.198.174.192' }],
    ['in a list', { ip: '82.64.17.3', list: ['a', '91.198.174.192'] }],
    ['in a document in it', { ip: '82.64.17.3', inner: JSON.stringify({ from: '82.64.17.4', note: '91.198.174.192' }) }],
  ])('%s the form is a finding', async (_name, document) =>
    expect(await findingsIn(table, [[JSON.stringify(document)]])).toEqual(['data: 1 ip']),
  );
});

it('a path of a document in a directory is told in the same way, in base64 too', async () => {
  const policy = ` ldap:
  keep: [objectClass]
  attributes: { info: { json: { keep: ["$.note"], paths: { "$.ip": { ip: { form: prefix } } } } } }
  dn: { uid: login }
`;
  const source: LiveSource = { name: 'ldap', kind: 'ldap', bases: ['dc=acme'], attributes: ['objectClass', 'info'] };
  const nothing: Observe = () => async () => undefined;
  const [own, kept] = ['{"ip":"82.64.17.3","note":"x"}', '{"ip":"82.64.17.3","note":"é 91.198.174.192"}'];
  const base64 = Buffer.from(kept).toString('base64');
  expect(await findings(policy, source, 'dc=acme', nothing, () => `dn: uid=x\ninfo: ${own}\n`)).toEqual([]);
  expect(await findings(policy, source, 'dc=acme', nothing, () => `dn: uid=x\ninfo: ${own}\ninfo:: ${base64}\n`)).toEqual(['info: 1 ip']);
});

it('secrets of push applications are watched, and reserved addresses need no exemption', async () => {
  const table: Table = {
    rules: `
      columns:
        secret: push-secret
        ip: ip
        note: keep
`,
    columns: [column('secret'), column('ip'), column('note')],
    rows: [['d5f7ac6c-53b6-4bd3-a1f5-0a7d9bfc8e33', '82.64.17.3', null]],
  };
  expect(await findingsIn(table)).toEqual([]);
  expect(await findingsIn(table, [[null, '82.64.17.3', 'curl -u app:d5f7ac6c-53b6-4bd3-a1f5-0a7d9bfc8e33']])).toEqual([
    'ip: 1 ip',
    'note: 1 known-secret',
  ]);
});
