import { argon2Sync, createHash, pbkdf2Sync } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { cryptSalt, md5Crypt, shaCrypt } from './unix-crypt.ts';

/** What a hash of the development password is made with. The password is known, so every cost is as low as verifiers take it. */
export type Hashing = {
  readonly password: string;
  /** 16 bytes. */
  readonly salt: Uint8Array;
  /** bcrypt: the logarithm of the rounds. */
  readonly cost: number;
  /** bcrypt: `2a`, `2b` or `2y`, which differ in name only for passwords below 255 bytes. */
  readonly variant: string;
};

type HashPassword = (hashing: Hashing) => string;

const digests: Readonly<Record<string, string>> = {
  sha: 'sha1',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
  md5: 'md5',
};

/** `{SSHA}` and its kin, as OpenLDAP has them: the digest of password and salt, then the salt. */
function saltedDigest(label: string, algorithm: string): HashPassword {
  return ({ password, salt }) => {
    const used = salt.subarray(0, 8);
    const digest = createHash(algorithm).update(password, 'utf8').update(used).digest();
    return `{${label}}${Buffer.concat([digest, used]).toString('base64')}`;
  };
}

/** The digest alone; such hashes have no salt. */
function plainDigest(label: string, algorithm: string): HashPassword {
  return ({ password }) => `{${label}}${createHash(algorithm).update(password, 'utf8').digest('base64')}`;
}

const argon2Memory = 1024;
const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');

function argon2(algorithm: 'argon2id' | 'argon2i' | 'argon2d'): HashPassword {
  return ({ password, salt }) => {
    const settings = { message: Buffer.from(password), nonce: salt, parallelism: 1, tagLength: 32, memory: argon2Memory, passes: 3 };
    return `$${algorithm}$v=19$m=${argon2Memory},t=3,p=1$${unpadded(salt)}$${unpadded(argon2Sync(algorithm, settings))}`;
  };
}

const pbkdf2Rounds = 1000;

/** `{PBKDF2-SHA256}rounds$salt$hash` of OpenLDAP's pw-pbkdf2, in the base64 of Passlib. */
function ldapPbkdf2(label: string, algorithm: string, lengthBytes: number): HashPassword {
  const adapted = (bytes: Uint8Array): string => unpadded(bytes).replaceAll('+', '.');
  return ({ password, salt }) => {
    const hash = pbkdf2Sync(password, salt, pbkdf2Rounds, lengthBytes, algorithm);
    return `{${label}}${pbkdf2Rounds}$${adapted(salt)}$${adapted(hash)}`;
  };
}

/** `pbkdf2_sha256$rounds$salt$hash` of Django. */
function djangoPbkdf2(algorithm: string, lengthBytes: number): HashPassword {
  return ({ password, salt }) => {
    const text = Buffer.from(salt).toString('hex').slice(0, 22);
    return `pbkdf2_${algorithm}$${pbkdf2Rounds}$${text}$${pbkdf2Sync(password, text, pbkdf2Rounds, lengthBytes, algorithm).toString('base64')}`;
  };
}

function hexDigest(algorithm: string): HashPassword {
  return ({ password }) => createHash(algorithm).update(password, 'utf8').digest('hex');
}

const bcryptOf: HashPassword = ({ password, salt, cost, variant }) =>
  bcrypt.hashSync(password, `$${variant}$${String(cost).padStart(2, '0')}$${bcrypt.encodeBase64(salt, 16)}`);

/** The schemes by the names that a policy gives them. */
export const passwordSchemes: Readonly<Record<string, HashPassword>> = {
  bcrypt: bcryptOf,
  argon2id: argon2('argon2id'),
  argon2i: argon2('argon2i'),
  argon2d: argon2('argon2d'),
  ssha: saltedDigest('SSHA', 'sha1'),
  ssha256: saltedDigest('SSHA256', 'sha256'),
  ssha384: saltedDigest('SSHA384', 'sha384'),
  ssha512: saltedDigest('SSHA512', 'sha512'),
  smd5: saltedDigest('SMD5', 'md5'),
  ...Object.fromEntries(Object.entries(digests).map(([name, algorithm]) => [name, plainDigest(name.toUpperCase(), algorithm)])),
  'ldap-pbkdf2-sha1': ldapPbkdf2('PBKDF2', 'sha1', 20),
  'ldap-pbkdf2-sha256': ldapPbkdf2('PBKDF2-SHA256', 'sha256', 32),
  'ldap-pbkdf2-sha512': ldapPbkdf2('PBKDF2-SHA512', 'sha512', 64),
  'django-pbkdf2-sha256': djangoPbkdf2('sha256', 32),
  'django-pbkdf2-sha1': djangoPbkdf2('sha1', 20),
  'md5-crypt': ({ password, salt }) => md5Crypt(password, cryptSalt(salt, 8)),
  'sha256-crypt': ({ password, salt }) => shaCrypt(password, cryptSalt(salt, 16), 'sha256'),
  'sha512-crypt': ({ password, salt }) => shaCrypt(password, cryptSalt(salt, 16), 'sha512'),
  'hex-md5': hexDigest('md5'),
  'hex-sha1': hexDigest('sha1'),
  'hex-sha256': hexDigest('sha256'),
  'hex-sha512': hexDigest('sha512'),
  plain: ({ password }) => password,
};

/** What a stored password was hashed with; `prefix` stands before the hash and is kept. */
export type FoundScheme = { readonly scheme: string; readonly variant: string; readonly prefix: string };

const forms: readonly (readonly [form: RegExp, scheme: string])[] = [
  [/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/, 'bcrypt'],
  [/^\$argon2id\$/, 'argon2id'],
  [/^\$argon2i\$/, 'argon2i'],
  [/^\$argon2d\$/, 'argon2d'],
  [/^\$6\$/, 'sha512-crypt'],
  [/^\$5\$/, 'sha256-crypt'],
  [/^\$1\$/, 'md5-crypt'],
  [/^\{(?:ssha|ssha256|ssha384|ssha512|smd5|sha|sha256|sha384|sha512|md5)\}/i, ''],
  [/^\{pbkdf2(?:-sha1)?\}/i, 'ldap-pbkdf2-sha1'],
  [/^\{pbkdf2-sha256\}/i, 'ldap-pbkdf2-sha256'],
  [/^\{pbkdf2-sha512\}/i, 'ldap-pbkdf2-sha512'],
  [/^pbkdf2_sha256\$/, 'django-pbkdf2-sha256'],
  [/^pbkdf2_sha1\$/, 'django-pbkdf2-sha1'],
  [/^[0-9a-f]{32}$/i, 'hex-md5'],
  [/^[0-9a-f]{40}$/i, 'hex-sha1'],
  [/^[0-9a-f]{64}$/i, 'hex-sha256'],
  [/^[0-9a-f]{128}$/i, 'hex-sha512'],
];

// OpenLDAP's {CRYPT} and {ARGON2}, and the labels of Spring Security, stand before a hash that says itself what it is.
const labelled = /^(\{(?:crypt|argon2|bcrypt|noop|cleartext)\})(.*)$/is;

/** Tells the scheme by the form of the value; what has none of the forms is taken for a plain password. */
export function findScheme(stored: string): FoundScheme {
  const [, prefix = '', hash = stored.trim()] = labelled.exec(stored.trim()) ?? [];
  const [, scheme] = forms.find(([form]) => form.test(hash)) ?? ['', 'plain'];
  const named = scheme === '' ? (/^\{(\w+)\}/.exec(hash)?.[1] ?? '').toLowerCase() : scheme;
  const variant = named === 'bcrypt' ? hash.slice(1, 3) : '2b';
  return { scheme: named, variant, prefix };
}
