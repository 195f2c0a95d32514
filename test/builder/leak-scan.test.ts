import { describe, expect, it } from 'vitest';
import { type LeakRule, parseKey, phoneCountries, type WatchKind } from '../../anonymizers/index.ts';
import { createScan, type Framing } from '../../builder/leak-scan/scanner.ts';
import { createWatchList, watchKeys } from '../../builder/leak-scan/watch-list.ts';

const key = parseKey('01'.repeat(32));
const france = phoneCountries.find(({ iso }) => iso === 'FR');
if (!france) throw new Error('no France');

const watched: readonly (readonly [WatchKind, string])[] = [
  ['email', 'Marie.Dupont@Acme.test'],
  ['email', 'jürgen@bücher.test'],
  ['phone', '06 12 34 56 78'],
  ['phone', '+44 20 7946 0958'],
  ['phone', '+999 3361 23456'],
  ['phone', '10612 34 56'],
  ['login', 'mdupont2'],
  ['login', 'jean+1'],
  ['name', "Anaïs D'Hérouville"],
  ['name', 'Marie Dupont'],
  ['secret', 'fcm-token_Abcdef0123456789:APA91bXyzXyzXyzXyzXyz'],
  ['value', 'Projet Amarante'],
  ['value', 'Hypertension'],
  ['value', '12, rue de la Paix'],
  ['value', 'AB/12345/C'],
  ['secret', 's3cr3t-p@ss!'],
];

function scanner(literals: readonly string[] = [], common: readonly string[] = []) {
  const list = createWatchList({
    keys: watchKeys(key),
    country: france as NonNullable<typeof france>,
    common: new Set(common),
    phonePermutations: [],
  });
  for (const [kind, value] of watched) list.add(kind, Buffer.from(value));
  const scan = createScan(
    list,
    literals.map((text) => Buffer.from(text)),
  );
  return (text: string | Uint8Array, framing: Framing = 'table'): LeakRule[] => {
    const rules = new Set<LeakRule>();
    scan(Buffer.from(text), framing, (rule) => rules.add(rule));
    return [...rules].sort();
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const hex = (text: string): string => Buffer.from(text).toString('hex');
const percent = (text: string): string => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const unicode = (text: string): string => [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

const byBytes = (text: string): string => [...text].map((letter) => `\\\\x${letter.charCodeAt(0).toString(16)}`).join('');
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a watched value is found', () => {
  const scan = scanner();
  const mail = 'marie.dupont@acme.test';
  it.each<[string, LeakRule, string]>([
    ['as it is', 'known-email', `1\t${mail}\tx\n`],
    ['in another case', 'known-email', '1\tMARIE.DUPONT@ACME.TEST\n'],
    ['in prose', 'known-email', `1\tÉcrire à <${mail}>, svp.\n`],
    ['at the end of a sentence', 'known-email', `1\tÉcrire à ${mail}.\n`],
    ['right before another sentence', 'known-email', `1\tÉcrire à ${mail}.Puis\n`],
    ['after a line break in a row', 'known-email', `1\tà\\n${mail}\\tcopie\n`],
    ['after a line break in JSON in a row', 'known-email', `1\t{"a":"à\\\\n${mail}"}\n`],
    ['in an address line', 'known-email', `1\tmailto:${mail}?subject=x\n`],
    ['in quotes', 'known-email', `1\t'${mail}'\n`],
    ['in JSON escapes', 'known-email', `1\t{"a":"${unicode(mail).replaceAll('\\', '\\\\')}"}\n`],
    ['in JSON in JSON', 'known-email', `1\t${JSON.stringify({ a: JSON.stringify({ b: `x\n${mail}` }) }).replaceAll('\\', '\\\\')}\n`],
    ['as a number in hexadecimal digits', 'known-phone', `1\t${hex('0612345678')}\n`],
    [
      'between binary bytes in base64',
      'known-login',
      `1\t${Buffer.concat([Buffer.alloc(80, 0x93), Buffer.from('mdupont2'), Buffer.alloc(9)]).toString('base64')}\n`,
    ],
    ['percent-encoded', 'known-email', `1\thttps://x.test/?to=marie.dupont%40acme.test&b\n`],
    ['percent-encoded letter by letter', 'known-email', `1\t${percent(mail)}\n`],
    ['in base64', 'known-email', `1\t${base64(`Écrire à ${mail}`)}\n`],
    ['in base64 of another alphabet', 'known-email', `1\t${Buffer.from(`??>${mail}>>?`).toString('base64url')}\n`],
    ['in base64 inside a path', 'known-email', `1\thttps://x.test/confirm/${base64(mail)}\n`],
    ['in base64 in base64', 'known-email', `1\t${base64(base64(`to ${mail}`))}\n`],
    ['in base64 in JSON', 'known-email', `1\t{"x":"${base64(`{"m":"${mail}"}`)}"}\n`],
    ['in hexadecimal digits', 'known-email', `1\t${hex(mail)}\n`],
    ['in a bytea', 'known-email', `1\t\\\\x${hex(mail)}\n`],
    [
      'in binary data in hexadecimal digits',
      'known-email',
      `1\t${hex(`\0\0\u0001tEXtAuthor\0${mail}\0\0 0123456789012345678901234567`)}\n`,
    ],
    [
      'in binary data right between other bytes',
      'known-email',
      `1\t${Buffer.concat([Buffer.from('IHDRtEXtAuthorx'), Buffer.from(mail), Buffer.from([0x4b, 0x38, 0xc3, 0x9a]), Buffer.alloc(32)]).toString('hex')}\n`,
    ],
    ['in HTML, the sign by its number', 'known-email', `1\t<a>${mail.replace('@', '&#64;')}</a>\n`],
    ['in HTML, the sign by its name', 'known-email', `1\t<a>${mail.replace('@', '&commat;')}</a>\n`],
    ['in HTML, letter by letter', 'known-email', `1\t${[...mail].map((letter) => `&#x${letter.charCodeAt(0).toString(16)};`).join('')}\n`],
    [
      'in a long text in HTML',
      'known-email',
      `1\t${'mot '.repeat(500)}&eacute;t&eacute; ${mail.replace('@', '&#64;')} ${'mot '.repeat(500)}\n`,
    ],
    ['at the end of a long text in HTML', 'known-name', `1\t&eacute;t&eacute; ${'mot '.repeat(500)} Marie&nbsp;Dupont\n`],
    ['in HTML in HTML', 'known-email', `1\t${mail.replace('@', '&amp;#64;')}\n`],
    ['a name in HTML', 'known-name', '1\t<b>Ana&iuml;s D&rsquo;H&eacute;rouville</b>\n'],
    ['a name with a no-break space in HTML', 'known-name', '1\tMarie&nbsp;Dupont\n'],
    ['a number in HTML', 'known-phone', '1\t06&nbsp;12&nbsp;34&nbsp;56&nbsp;78\n'],
    ['in bytes as programs write them', 'known-email', `1\t${byBytes(mail)}\n`],
    ['one sign of it so', 'known-email', `1\tb'${mail.replace('@', '\\\\x40')}'\n`],
    ['a name with such bytes in UTF-8', 'known-name', "1\tAna\\\\xc3\\\\xafs D'H\\\\xc3\\\\xa9rouville\n"],
    ['a name with such bytes in Latin-1', 'known-name', "1\tAna\\\\xefs D'H\\\\xe9rouville\n"],
    ['a name in Latin-1 in hexadecimal digits', 'known-name', `1\t${latin1("Anaïs D'Hérouville").toString('hex')}\n`],
    ['a name in Latin-1 in base64', 'known-name', `1\t${latin1("Mme Anaïs D'HÉROUVILLE, 3 rue").toString('base64')}\n`],
    [
      'a name in Latin-1 among other bytes in a bytea',
      'known-name',
      `1\t\\\\x${Buffer.concat([Buffer.alloc(70, 0x93), latin1("D'Hérouville Anaïs"), Buffer.alloc(9)]).toString('hex')}\n`,
    ],
    [
      'a word in binary data before a byte that reads as a letter of Latin-1',
      'known-value',
      `1\t${Buffer.concat([Buffer.alloc(70, 0x93), Buffer.from('Hypertension'), Buffer.from([0xe9, 0x20]), Buffer.alloc(9)]).toString('base64')}\n`,
    ],
    ['in UTF-16 in base64', 'known-email', `1\t${Buffer.from(mail, 'utf16le').toString('base64')}\n`],
    ['in UTF-16 of the other byte order', 'known-email', `1\t${Buffer.from(mail, 'utf16le').swap16().toString('base64')}\n`],
    ['in UTF-16 in a bytea', 'known-email', `1\t\\\\x${Buffer.from(mail, 'utf16le').toString('hex')}\n`],
    ['in UTF-16 in a blob', 'known-email', `1\t${Buffer.from(mail, 'utf16le').toString('latin1').replaceAll('\0', '\\0')}\n`],
    [
      'a name in UTF-16 in binary data',
      'known-name',
      `1\t${Buffer.concat([Buffer.alloc(70, 0x93), Buffer.from("Anaïs D'Hérouville", 'utf16le'), Buffer.alloc(9)]).toString('hex')}\n`,
    ],
    ['a name in a query', 'known-name', '1\thttps://x.test/?id=3&name=Marie+Dupont&x=1\n'],
    ['a name in the first parameter of a query', 'known-name', '1\tname=Marie+Dupont&city=a+b\n'],
    ['a name in a query with other encoded signs', 'known-name', '1\t?name=Marie+Dupont%20\n'],
    ['a number in a query', 'known-phone', '1\t?a=1&tel=06+12+34+56+78\n'],
    ['an address with a plus in a query', 'known-login', '1\t?a=b+c&login=jean%2B1\n'],
    ['with letters beyond ASCII', 'known-email', '1\tJÜRGEN@BÜCHER.test\n'],
    ['a national number', 'known-phone', '1\t0612345678\n'],
    ['a number with blanks', 'known-phone', '1\tau 06 12 34 56 78 svp\n'],
    ['a number with dots', 'known-phone', '1\t06.12.34.56.78.\n'],
    ['an international number', 'known-phone', '1\t+33 6 12 34 56 78\n'],
    ['a number with a trunk zero', 'known-phone', '1\t+33 (0)6 12-34-56-78\n'],
    ['a number dialled from abroad', 'known-phone', '1\t0033612345678\n'],
    ['a number of another country', 'known-phone', '1\t+442079460958\n'],
    ['a number in a list in JSON', 'known-phone', '1\t{"a":["x","+33612345678"]}\n'],
    ['a bare number in JSON', 'known-phone', '1\t[33612345678]\n'],
    ['a number after a word', 'known-phone', '1\tTel.0612345678\n'],
    ['a number after a date', 'known-phone', '1\t2024-05-01 0612345678\n'],
    ['a number with no-break spaces', 'known-phone', '1\t06\u00a012\u00a034\u00a056\u00a078\n'],
    ['a number in base64', 'known-phone', `1\t${base64('tel +33612345678')}\n`],
    ['a login', 'known-login', '1\tuser MDUPONT2 logged in\n'],
    ['a login in a DN', 'known-login', '1\tuid=mdupont2,ou=people\n'],
    ['a login with a sign', 'known-login', '1\t"jean+1"\n'],
    ['a login at the end of a sentence', 'known-login', '1\tVoir mdupont2.\n'],
    ['a full name', 'known-name', '1\tRappeler MARIE  DUPONT demain\n'],
    ['a full name with accents and an apostrophe', 'known-name', "1\tanaïs d'hérouville\n"],
    ['a full name in decomposed letters', 'known-name', `1\t${"Anaïs D'Hérouville".normalize('NFD')}\n`],
    ['a full name that is turned round', 'known-name', '1\tDupont, Marie\n'],
    ['a full name that is turned round in prose', 'known-name', '1\tMme DUPONT Marie a appelé\n'],
    ['a full name of several words that is turned round', 'known-name', "1\tD'Hérouville (Anaïs)\n"],
    ['a full name without accents', 'known-name', "1\tANAIS D'HEROUVILLE\n"],
    ['a full name without accents that is turned round', 'known-name', "1\tD'Herouville Anais\n"],
    ['a full name with a no-break space', 'known-name', '1\tMarie\u00a0Dupont\n'],
    ['a full name between no-break spaces', 'known-name', '1\tde\u00a0Marie\u202fDupont\u00a0?\n'],
    ['a full name with another apostrophe', 'known-name', '1\tAnaïs D’Hérouville\n'],
    ['a full name in two fields of JSON', 'known-name', '1\t["Marie","Dupont"]\n'],
    ['a full name in two lines of a row', 'known-name', '1\tMarie\\nDupont\n'],
    ['a full name joined by a dot', 'known-name', '1\tvoir marie.dupont, svp\n'],
    ['a full name joined by an underscore', 'known-name', '1\tphotos/Marie_DUPONT.\n'],
    ['a full name with accents, joined', 'known-name', '1\tanaïs_d_hérouville/cv\n'],
    ['a full name, joined, in base64', 'known-name', `1\t${base64('/home/marie.dupont/')}\n`],
    ['words of a title, joined', 'known-value', '1\tprojet_amarante\n'],
    ['words with other signs between them', 'known-value', '1\t12 RUE DE LA PAIX\n'],
    ['a phrase that ends with a short word', 'known-value', '1\tref AB/12345/C.\n'],
    ['a short password', 'known-secret', '1\tle mot de passe est s3cr3t-p@ss!\n'],
    ['a token', 'known-secret', '1\tInvalid token: fcm-token_Abcdef0123456789:APA91bXyzXyzXyzXyzXyz\n'],
    ['a piece of a token', 'known-secret', '1\tfcm-token_Abcdef0123456789\n'],
    ['sensitive words', 'known-value', '1\tle projet amarante avance\n'],
    ['a sensitive word', 'known-value', '1\tmotif : hypertension\n'],
  ])('%s', (_name, rule, text) => expect(scan(text)).toContain(rule));

  it.each<[string, LeakRule, string | Uint8Array]>([
    ['in LDIF', 'known-email', `dn: uid=x\nmail: ${mail}\n`],
    ['in base64 of LDIF', 'known-email', `dn: uid=x\ndescription:: ${base64(`Écrire à ${mail} ✓`)}\n`],
    ['in a DN with escapes', 'known-name', `dn: cn=Ana\\C3\\AFs D'H\\C3\\A9rouville,ou=x\n`],
    ['a name in Latin-1', 'known-name', latin1("description: Ana\xefs D'H\xe9rouville, \xe9t\xe9\n")],
    ['in SQL', 'known-email', `CREATE VIEW v AS SELECT '${mail}';\n`],
  ])('%s', (_name, rule, text) => expect(scan(text, 'text')).toContain(rule));
});

describe('a form is found', () => {
  const scan = scanner();
  it.each<[LeakRule, string]>([
    ['email', 'someone@company.fr'],
    ['email', 'Écrire à Someone.Else+x@mail.company.co.uk !'],
    ['phone', '+33699887766'],
    ['phone', 'call +33 (0)6 99-88-77-66 or write'],
    ['phone', 'Tel:+33.6.99.88.77.66'],
    ['phone', 'tel:+33-6-99-88-77-66;ext=2'],
    ['phone', 'sip:+4479%2B0 or +44 7911 123456 / 80'],
    ['phone', '+1 (212) 664-7665'],
    ['phone', '+971 50 123 4567'],
    ['phone', '+33\u00a06\u202f99\u200988 77 66'],
    ['phone', 'a line break\\n+33699887766'],
    ['phone', `{"from":"${base64('from +33699887766 to')}"}`],
    ['phone', 'https://x.test/?n=%2B33699887766&x'],
    ['iban', 'FR1420041010050500013M02606'],
    ['iban', 'IBAN DE89 3704 0044 0532 0130 00.'],
    ['card', '4111111111111111'],
    ['card', 'card 5500 0055 5555 5559 paid'],
    ['card', '3782-822463-10005'],
    ['iban', 'IBAN :\u00a0FR14 2004 1010 0505 0001 3M02 606'],
    ['iban', 'IBAN\u202fDE89370400440532013000'],
    ['card', 'carte\u00a04111 1111 1111 1111'],
    ['phone', 'Tél :\u00a0+33 6 99 88 77 66'],
    ['known-phone', 'Tél.\u00a006 12 34 56 78'],
    ['known-phone', 'tel\u20090612345678'],
    ['ip', 'depuis\u00a082.64.17.3'],
    ['api-key', 'clé\u00a0: «\u00a0AKIAIOSFODNN7EXAMPLE\u00a0»'],
    ['card', '5500.0055.5555.5559'],
    ['card', '5500\u20130055\u20135555\u20135559'],
    ['iban', 'DE89\u20113704\u20110044\u20110532\u20110130\u201100'],
    ['known-phone', '06\u201112\u201134\u201156\u201178'],
    ['known-phone', '06\u200912\u200934\u200956\u200978'],
    ['phone', '+33\u20136\u201399\u201388\u201377\u201366'],
    ['card', '41111111 11111111'],
    ['card', '4111\u00a01111\u00a01111\u00a01111'],
    ['card', '4111\u20091111\u20091111\u20091111'],
    ['card', '30569309025904'],
    ['card', '3056 930902 5904'],
    ['card', '6200000000000005'],
    ['card', '6759649826438453'],
    ['card', 'Maestro: 5641820000000000004'],
    ['card', '{"cardNumber":"4222222222222000000"}'],
    ['card', '4222 2222 2222 2'],
    ['card', '6304 9500 0000 0000 000'],
    ['card', '6759 6498 2648'],
    ['iban', 'fr1420041010050500013m02606'],
    ['iban', 'de89 3704 0044 0532 0130 00.'],
    ['iban', 'de89370400440532013000'],
    ['iban', 'ad1200012030200359100100'],
    ['iban', 'AD1200012030200359100100'],
    ['iban', 'ad26 0001 2030 ab20 e359 10cd'],
    ['iban', 'ad0600012030zx2003591001'],
    ['iban', 'AE07-0331-2345-6789-0123-456'],
    ['iban', 'FR14-2004-1010-0505-0001-3M02-606'],
    ['iban', 'NL91.ABNA.0417.1643.00'],
    ['iban', 'FR14\u00a02004\u00a01010\u00a00505\u00a00001\u00a03M02\u00a0606'],
    ['iban', 'FR14\u202f2004\u202f1010\u202f0505\u202f0001\u202f3M02\u202f606 et'],
    ['iban', 'FR14 20041 01005 0500013M026 06'],
    ['iban', `{"iban":"${base64('compte gb29 nwbk 6016 1331 9268 19')}"}`],
    ['ip', 'from 82.64.17.3 at'],
    ['ip', 'http://82.64.17.3:8080/'],
    ['ip', '[2a01:e0a:1::17]'],
    ['ip', 'from 2001:41d0:1::17 on'],
    ['private-key', '-----BEGIN PRIVATE KEY-----\\nMIGH'],
    ['private-key', '{"k":"-----BEGIN RSA PRIVATE KEY-----\\\\nMIGH"}'],
    ['jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
    ['bcrypt', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'],
    ['api-key', 'AKIAIOSFODNN7EXAMPLE'],
    ['api-key', `ghp_${'a1B2'.repeat(9)}`],
    ['api-key', 'xoxb-123456789012-abcdefABCDEF'],
    ['api-key', `AIza${'Sy0-_'.repeat(7)}`],
    ['api-key', `AAAAbc_-123:APA91b${'x'.repeat(134)}`],
  ])('%s: %s', (rule, text) => expect(scan(`1\t${text}\tx\n`)).toContain(rule));
});

describe('nothing is found in', () => {
  const scan = scanner([
    '$2b$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
    'owner@company.fr',
    '-----BEGIN PRIVATE KEY-----\nMIGH\n',
    'DE95411111111111111100',
  ]);
  it.each([
    ['a reserved domain', 'alix.mallory.abc@example.com'],
    ['a domain without a dot', 'root@localhost'],
    ['a version', 'express@5.3.0'],
    ['dates and numbers', '2024-05-01 12:33:20.123456\t-9223372036854775808\t18446744073709551615\t0.6123456780\t4294967295.0612345678'],
    ['a number of the other parity', '06 12 34 56 79'],
    ['part of a longer number', '106123456789'],
    ['part of hexadecimal digits', 'f0612345678abcdef061234567800000'],
    ['an address with the digits of a number', '10.61.234.56 80 and 10.61.234.56'],
    ['a part of an international number', '+1 06 12 34 56 78'],
    ['an unassigned calling code', '+999123456789012 +210 12345678 +0 33699887766'],
    ['numbers of another length than the country has', '+33 6 99 88 77 6 +3369988776655 +1 212 664 766 +45 1234567'],
    ['a number for stories', '+1 212 555 0142 +33 6 39 98 01 02 +44 7700 900123'],
    ['amounts, offsets and sums', '+33699887766.50 2024-05-01T12:00:00+02:00 1e+33699887766 a+33699887766 7+33699887766'],
    ['a private address', '10.1.2.3:5060 192.168.1.1 127.0.0.1'],
    ['a version of four parts', 'Chrome/120.0.8.4'],
    ['an object identifier', '2.16.84.1.11 1.3.6.1.4.1'],
    ['times and hardware addresses', '12:33:20 20:24:05:01:12:33:20:00'],
    ['a number without a valid check digit', '4111111111111112 FR1420041010050500013M02607'],
    ['card numbers of a brand that few have, without a word', '4222222222222000000 6759649826430 5641820000000000004'],
    ['groups of digits that no card has', '411 1111 1111 11111 6200 000000000005'],
    ['a card with two kinds of signs', '4111 1111-1111 1111'],
    ['groups of an account number that the policy writes', 'DE95 4111 1111 1111 1111 00'],
    [
      'identifiers in hexadecimal digits with the check digits of an IBAN',
      'ad2600012030ab20e35910cd AD2600012030AB20E35910CD BE63539007547F34',
    ],
    ['identifiers in other groups with the check digits of an IBAN', 'ae0703312345-67890123456 AE07.0331.2345.67890123456'],
    ['words with the check digits of an IBAN', 'no12 abcd efg hijk md24 with some words of text in it'],
    ['part of a longer number with an IBAN before it', 'BE68-5390-0754-7034-1234'],
    ['small letters that no account number of the country has', 'de89370400440532013a00 gb29601613319268nwbk19'],
    ['HTML', '<a href="?a=1&b=2&c;">R&amp;D &copy; 2024 &#8212; &eacute;t&eacute; &#99999999; &#x;</a> AT&T'],
    ['a query', '?a=1&b=2+3&name=Marie+Dupontel&tel=%2B33+6+12&c=d+e'],
    ['UTF-16', Buffer.from('nothing of anybody, 2024-05-01', 'utf16le').toString('base64')],
    ['bytes as programs write them', "b'\\\\x00\\\\xff\\\\xc3\\\\xa9t\\\\xc3\\\\xa9 \\\\x' \\\\xzz \\\\x4 caf\\\\xe9"],
    ['Latin-1', latin1("H\xe9rouvil D'H\xe9rouvilles Ana\xefs \xe9t\xe9 d'H\xe9rouville 3").toString('hex')],
    ['a UUID', '0b8f6e1e-3c5f-4b7e-9d0a-1234567890ab'],
    ['part of a login', 'mdupont22 amdupont2 mdupont'],
    ['part of a name', 'Marie\tDupont\tMarie Dupontel\tMarie-Anne Dupont\tMarie Anne Dupont\tDupont Anne, Marie'],
    ['part of a name, joined', 'marie.dupontel marie_anne.dupont.x dupont_marie marie-dupont x.dupont marie.x.dupont www.dupont.fr'],
    ['the first part of an address of nobody known', 'marie.dupont@example.com marie.dupont%40example.com'],
    ['a name across rows', 'Marie\nDupont\tMarie'],
    ['part of a phrase', '12, rue de la\tPaix\tAB/12345\tAB/12345/D\tAB 12345\tB-12345/C'],
    ['what the policy writes', '$2b$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy owner@company.fr'],
    ['a key that the policy writes', '-----BEGIN PRIVATE KEY-----\\nMIGH\\n'],
    ['a public key', '-----BEGIN PUBLIC KEY-----'],
  ])('%s', (_name, text) => expect(scan(`1\t${text}\n`)).toEqual([]));
});

it('the scan never throws and ends, whatever the bytes', () => {
  const scan = scanner();
  let state = 1;
  for (let turn = 0; turn < 300; turn += 1) {
    const bytes = Uint8Array.from({ length: 1 + (turn % 700) }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return turn % 2 === 0 ? state >>> 24 : '@\\%+0.-$ aA/=\t\n&#;x\0'.charCodeAt((state >>> 20) % 21);
    });
    expect(() => scan(bytes)).not.toThrow();
    expect(() => scan(bytes, 'text')).not.toThrow();
  }
});
