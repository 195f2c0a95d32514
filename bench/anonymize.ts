import { parseArgs } from 'node:util';
import { parseKey, parsePolicy, type Rule, type Value } from '../anonymizers/index.ts';
import { createIdentityRules } from '../anonymizers/prose/identity-rules.ts';
import { createRuleMaker } from '../anonymizers/rule-maker.ts';
import { createLeakHooks } from '../anonymizers/watch.ts';

const usage = `Usage: node bench/anonymize.ts [--seconds N]

Prints how many values per second of processor time each keyed anonymizer replaces on one core, then, as JSON, the result
"anonymize-values-per-second": a row of six keyed columns, values per second.`;

const key = parseKey('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff');
const policy = parsePolicy('version: 1\ndevelopment_password: bench\nsources: {}\n', 'bench');
const identities = createIdentityRules(key);
const make = createRuleMaker(policy, key, createLeakHooks(), identities);
const target = { type: 'text', sqlType: 'text', nullable: true, unique: false, place: 'bench', sourceKind: 'mysql' } as const;
const aim = 1_500_000;
const rows = 10_000;

type Column = { readonly rule: Rule; readonly value: (n: number) => string };

const digits = (n: number): string => String((n * 7_919) % 100_000_000).padStart(8, '0');
const sixColumns: readonly Column[] = [
  { rule: 'email', value: (n) => `marie.dupont${n}@acme${n % 50}.fr` },
  { rule: 'login', value: (n) => `mdupont${n}` },
  { rule: 'phone', value: (n) => `+33${n % 2 === 0 ? 6 : 7}${digits(n)}` },
  { rule: 'first-name', value: (n) => `Marie${n % 700}` },
  { rule: 'last-name', value: (n) => `Dupont${n % 4_000}` },
  { rule: 'token', value: (n) => `token-${n}` },
];
const others: readonly Column[] = [
  { rule: 'full-name', value: (n) => `Marie${n % 700} Dupont${n}` },
  { rule: 'company-name', value: (n) => `Acme ${n}` },
  { rule: { email: { form: 'company' } }, value: (n) => `marie.dupont${n}@acme${n % 50}.fr` },
  { rule: { token: { form: 'same-shape' } }, value: (n) => `KEY-${digits(n)}` },
  { rule: 'hash', value: (n) => `customer ${n}` },
  { rule: 'uuid', value: (n) => `6ba7b810-9dad-11d1-80b4-${n.toString(16).padStart(12, '0')}` },
  { rule: 'ip', value: (n) => `81.56.${(n >> 8) & 255}.${n & 255}` },
  { rule: 'iban', value: () => 'FR1420041010050500013M02606' },
  { rule: 'card-number', value: () => '4111111111111111' },
  { rule: 'postal-code', value: (n) => digits(n).slice(0, 5) },
  { rule: 'street', value: (n) => `${n} rue de la Paix` },
  { rule: 'city', value: (n) => `Lyon ${n}` },
  { rule: 'url', value: (n) => `https://www.acme.fr/${n}` },
  { rule: 'text', value: (n) => `Call customer ${n} back on Monday morning` },
  { rule: 'scrub', value: (n) => `Call marie.dupont${n}@acme.fr or +336${digits(n)} on Monday` },
  {
    rule: { scrub: { iban: 'iban' } },
    value: (n) =>
      `The customer called again about order ${n} and asked for an answer before Friday; ${n % 9 === 0 ? 'Marie7 Dupont7' : 'he'} will write.`,
  },
  { rule: { 'device-token': 'android' }, value: (n) => `${n}:APA91b` },
];

/** People that prose can name. */
const people = 100_000;

/** What the first pass of a build does for `scrub`; gives how many people it took in per second of processor time. */
function meetPeople(): number {
  const columns = sixColumns
    .slice(0, 5)
    .map(({ rule, value }) => ({ value, made: make(rule, target, () => ({ index: 0, maxLength: undefined })) }));
  const known = identities.known();
  const before = process.cpuUsage();
  for (let n = 0; n < people; n++) {
    for (const { value, made } of columns) made.identify?.(new Uint8Array(Buffer.from(value(n))), [], known.sink);
    known.endRow();
  }
  const { user, system } = process.cpuUsage(before);
  known.complete();
  return Math.round((people * 1e6) / (user + system));
}

const rule = (column: Column): string => (typeof column.rule === 'string' ? column.rule : JSON.stringify(column.rule));

/** Anonymizes rows again and again, and gives the most values per second of processor time of any round: the rest is other programs' doing. */
function measure(columns: readonly Column[], seconds: number): number {
  const applies = columns.map((column) => make(column.rule, target, () => ({ index: 0, maxLength: undefined })).apply);
  const table = Array.from({ length: rows }, (_, n) => columns.map(({ value }) => new Uint8Array(Buffer.from(value(n)))));
  const row: Value[] = columns.map(() => null);
  const round = (): void => {
    for (const values of table) {
      for (let at = 0; at < values.length; at++) row[at] = applies[at]?.(values[at] as Uint8Array, row) ?? null;
    }
  };
  const warm = performance.now() + seconds * 300;
  do round();
  while (performance.now() < warm);
  let best = 0;
  const until = performance.now() + seconds * 1_000;
  do {
    const before = process.cpuUsage();
    round();
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (rows * columns.length * 1e6) / (user + system));
  } while (performance.now() < until);
  return Math.round(best);
}

const main = (): void => {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '1' } } });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
    return;
  }
  process.stdout.write(`${'people met by scrub'.padEnd(34)} ${meetPeople().toLocaleString('en').padStart(12)} people/s\n`);
  for (const column of [...sixColumns, ...others]) {
    process.stdout.write(`${rule(column).padEnd(34)} ${measure([column], seconds).toLocaleString('en').padStart(12)} values/s\n`);
  }
  const value = measure(sixColumns, seconds);
  const result = { name: 'anonymize-values-per-second', value, unit: 'values/s', aim, ours: value, peer: null };
  process.stdout.write(`${JSON.stringify(result)}\n`);
};

main();
