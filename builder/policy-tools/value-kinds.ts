import { isIPv4, isIPv6 } from 'node:net';
import { isFirstName } from '../../anonymizers/index.ts';

/** What a value looks like by itself, whatever its column is called. */
export type ValueKind =
  | 'email'
  | 'phone'
  | 'iban'
  | 'card'
  | 'ip'
  | 'mac'
  | 'place'
  | 'url'
  | 'uuid'
  | 'bcrypt'
  | 'argon2'
  | 'ssha'
  | 'ssha512'
  | 'password-hash'
  | 'jwt'
  | 'private-key'
  | 'device-token'
  | 'image'
  | 'date'
  | 'number'
  | 'json'
  | 'first-name'
  | 'prose';

/** The kinds as people read them, in "100 % of 200 sampled values are …". */
export const kindNames: Readonly<Record<ValueKind, string>> = {
  email: 'e-mail addresses',
  phone: 'phone numbers',
  iban: 'IBANs',
  card: 'card numbers',
  ip: 'IP addresses',
  mac: 'MAC addresses of devices',
  place: 'places on the globe',
  url: 'URLs',
  uuid: 'UUIDs',
  bcrypt: 'bcrypt hashes',
  argon2: 'Argon2 hashes',
  ssha: 'salted SHA-1 hashes',
  ssha512: 'salted SHA-512 hashes',
  'password-hash': 'password hashes',
  jwt: 'JSON web tokens',
  'private-key': 'private keys',
  'device-token': 'push tokens',
  image: 'pictures',
  date: 'dates',
  number: 'numbers',
  json: 'JSON documents',
  'first-name': 'first names',
  prose: 'prose',
};

const patterns: readonly (readonly [kind: ValueKind, pattern: RegExp])[] = [
  ['email', /^[^\s@<>"]{1,64}@[^\s@<>"]+\.[\p{L}][\p{L}\d-]*$/u],
  ['bcrypt', /^(?:\{(?:CRYPT|BCRYPT)\})?\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/i],
  ['argon2', /^(?:\{ARGON2\})?\$argon2(?:id|i|d)\$/i],
  ['ssha', /^\{SSHA\}[A-Za-z0-9+/=]{28,}$/i],
  ['ssha512', /^\{SSHA512\}[A-Za-z0-9+/=]{90,}$/i],
  ['password-hash', /^(?:\{[A-Z0-9-]{3,16}\}|\$(?:1|5|6|y|pbkdf2[-\w]*)\$|pbkdf2_)/i],
  ['private-key', /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ['jwt', /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/],
  ['uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i],
  ['url', /^[a-z][a-z0-9+.-]{1,10}:\/\/\S+$/i],
  ['mac', /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i],
  ['date', /^\d{4}-\d{2}-\d{2}(?:[ T][\d:.+Z-]+)?$/],
  ['device-token', /^(?:[0-9a-f]{64,}|[\w-]{20,}:[\w-]{80,})$/i],
];

const digitsAndSigns = /^\+?[\d\s().\-/]{8,24}$/;
const plainNumber = /^-?\d{1,18}(?:\.\d+)?$/;

/** The first kind that fits, those that say most before those that say little; undefined for anything else. */
export function kindOfText(text: string): ValueKind | undefined {
  const value = text.trim();
  for (const [kind, pattern] of patterns) if (pattern.test(value)) return kind;
  if (isIPv4(value) || isIPv6(value)) return 'ip';
  if (isIban(value)) return 'iban';
  if (isCard(value)) return 'card';
  if (isPhone(value)) return 'phone';
  if (isPointText(value)) return 'place';
  if (plainNumber.test(value)) return 'number';
  if (isJson(value)) return 'json';
  if (isFirstName(value)) return 'first-name';
  return isProse(value) ? 'prose' : undefined;
}

/** Of a binary value: by its first bytes or its length. */
export function kindOfBytes(value: Uint8Array): ValueKind | undefined {
  const start = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex', 0, 12);
  if (pictureStart.test(start)) return 'image';
  return isPointOfMysql(value) ? 'place' : undefined;
}

const pointOfPostgres = /^\(([-+]?\d+(?:\.\d+)?),([-+]?\d+(?:\.\d+)?)\)$/;

function isPointText(value: string): boolean {
  const [, x, y] = pointOfPostgres.exec(value) ?? [];
  return x !== undefined && y !== undefined && isPlace(Number(x), Number(y));
}

/** The server's own form of a point: a reference system, then order, kind (1) and two doubles. */
function isPointOfMysql(value: Uint8Array): boolean {
  if (value.length !== 25) return false;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const order = view.getUint8(4);
  if (order > 1 || view.getUint32(5, order === 1) !== 1) return false;
  return isPlace(view.getFloat64(9, order === 1), view.getFloat64(17, order === 1));
}

/** A longitude and a latitude. What is whole in both is rather a place on a board or a picture. */
function isPlace(x: number, y: number): boolean {
  return Math.abs(x) <= 180 && Math.abs(y) <= 90 && !(Number.isInteger(x) && Number.isInteger(y));
}

/** PNG, JPEG, GIF, WebP, TIFF. */
const pictureStart = /^(?:89504e47|ffd8ff|47494638|52494646.{8}57454250|49492a00|4d4d002a)/;

function isPhone(value: string): boolean {
  if (!digitsAndSigns.test(value)) return false;
  const digits = value.replace(/\D/g, '').length;
  return digits >= 8 && digits <= 15 && (value.startsWith('+') || value.startsWith('0') || value.startsWith('('));
}

function isIban(value: string): boolean {
  const compact = value.replace(/\s/g, '').toUpperCase();
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)) return false;
  let rest = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4))
    for (const digit of String(Number.parseInt(char, 36))) rest = (rest * 10 + Number(digit)) % 97;
  return rest === 1;
}

function isCard(value: string): boolean {
  const digits = value.replace(/[\s-]/g, '');
  if (!/^[3-6]\d{12,18}$/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

function isJson(value: string): boolean {
  if (!/^[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

/** Words with spaces between them, as people write: four at least, most of them letters. */
function isProse(value: string): boolean {
  const words = value.split(/\s+/);
  return words.length >= 4 && words.filter((word) => /\p{L}{2}/u.test(word)).length >= words.length / 2;
}
