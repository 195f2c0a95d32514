import { createECDH } from 'node:crypto';
import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, refuse, type Tools } from '../anonymizer.ts';
import { createDraw, type Draw } from '../draw.ts';
import { createNormalizer } from '../normalize.ts';
import { createPermutation } from '../permutation.ts';
import { neutralPassphrase, neutralPkcs12 } from '../words/neutral-pkcs12.ts';

const identity = identityParameter('push.credential');
const facts = {
  charset: 'ascii',
  length: 'bounded',
  nulls: 'kept',
  decidedBy: 'value',
  unique: 'yes',
  enumerable: 'with-key',
} as const;

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_';

function word(draw: Draw, length: number): string {
  let result = '';
  for (let at = 0; at < length; at++) result += letters[draw.below(64)];
  return result;
}

export const fcmKey = defineAnonymizer({
  name: 'fcm-key',
  summary: 'A server key of the form that Google gives them, which Google does not know.',
  types: ['text'],
  facts: {
    ...facts,
    protects: 'The key: nobody can push to the real Android devices.',
    leaves: 'Which variants have the same key.',
    example: { value: 'AAAAx:APA91b' },
  },
  parameters: z.strictObject({ identity }),
  create: ({ identity: chosen }, tools) => {
    const draw = createDraw(tools.prf('fcm-key/1', chosen, 'token'));
    return {
      unique: true,
      longest: 152,
      apply: (value) => {
        draw.start(value, value.length);
        return Buffer.from(`AAAA${word(draw, 7)}:APA91b${word(draw, 134)}`, 'latin1');
      },
    };
  },
});

const appleLength = 10;
const appleCharacters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const appleId = defineAnonymizer({
  name: 'apple-id',
  summary: "Ten capitals and digits in place of Apple's key id or team id: a keyed permutation, so different ones stay different.",
  types: ['text'],
  facts: {
    ...facts,
    protects: 'Whose key it is.',
    leaves: 'Which variants are of the same team. What is no such id is unique only by chance, among 10¹⁵.',
    example: { value: 'ABCDE12345' },
  },
  parameters: z.strictObject({ identity }),
  create: ({ identity: chosen }, tools) => {
    const permute = createPermutation(tools.prf('apple-id/1', chosen, 'token'));
    const fallback = createDraw(tools.prf('apple-id-fallback/1', chosen, 'token'));
    const digits = new Uint8Array(appleLength);
    const radices = new Uint8Array(appleLength).fill(appleCharacters.length);
    return {
      unique: true,
      folds: 'blanks',
      longest: appleLength,
      apply: (value) => {
        const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1').trim().toUpperCase();
        if (/^[0-9A-Z]{10}$/.test(text)) {
          for (let at = 0; at < appleLength; at++) digits[at] = appleCharacters.indexOf(text.charAt(at));
          permute(digits, radices, appleLength, 0, 0);
        } else {
          fallback.start(value, value.length);
          for (let at = 0; at < appleLength; at++) digits[at] = fallback.below(appleCharacters.length);
        }
        return Buffer.from(Array.from(digits, (digit) => appleCharacters[digit]).join(''), 'latin1');
      },
    };
  },
});

type KeyPair = { readonly privateKey: Buffer; readonly publicKey: Buffer };

/** A key pair on P-256 that belongs to a value. */
function createKeyPairs(tools: Tools, algorithm: string, chosen: string): (value: Uint8Array) => KeyPair {
  const draw = createDraw(tools.prf(algorithm, chosen, 'token'));
  const normalizer = createNormalizer();
  return (value) => {
    const length = normalizer.folded(value);
    draw.start(normalizer.bytes, length);
    const privateKey = Buffer.alloc(32);
    for (let at = 0; at < 32; at += 4) privateKey.writeUInt32LE(draw.next(), at);
    // Cleared, the first bit keeps the number below the order of the curve.
    privateKey[0] = (privateKey[0] as number) & 0x7f;
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(privateKey);
    return { privateKey, publicKey: curve.getPublicKey() };
  };
}

// PKCS#8 (RFC 5208) around ECPrivateKey (RFC 5915) with the public key, on P-256: only the keys themselves vary.
const pkcs8Head = Buffer.from('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420', 'hex');
const pkcs8Middle = Buffer.from('a144034200', 'hex');

function toPem(pair: KeyPair): string {
  const base64 = Buffer.concat([pkcs8Head, pair.privateKey, pkcs8Middle, pair.publicKey]).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

const pemLength = 241;

export const p8Key = defineAnonymizer({
  name: 'p8-key',
  summary: "A private key in the form of Apple's p8 files (PKCS#8, P-256) that parses and that Apple does not know.",
  types: ['text'],
  facts: {
    ...facts,
    protects: 'The key: nobody can push to the real Apple devices.',
    leaves: 'Which variants have the same key.',
    example: { value: '-----BEGIN PRIVATE KEY-----' },
  },
  parameters: z.strictObject({ identity }),
  create: ({ identity: chosen }, tools) => {
    const pairOf = createKeyPairs(tools, 'p8-key/1', chosen);
    return { unique: true, folds: 'blanks', longest: pemLength, apply: (value) => Buffer.from(toPem(pairOf(value)), 'latin1') };
  },
});

export const vapidKey = defineAnonymizer({
  name: 'vapid-key',
  summary:
    'One half of a VAPID key pair (P-256, base64url). Both halves are drawn from the real public key, so the pair of a row belongs together.',
  types: ['text'],
  facts: {
    ...facts,
    decidedBy: 'row',
    unique: 'depends',
    protects: 'The key: nobody can push to the real browsers.',
    leaves: 'Which variants have the same key.',
    example: { parameters: { part: 'private', public: 'public_key' }, value: 'secret', row: { public_key: 'BFgm46SG' } },
  },
  parameters: z.strictObject({
    identity,
    part: described(z.enum(['public', 'private']), 'Which half the column holds.'),
    public: described(z.optional(z.string()), 'For the private half: the column of the public one, whose real value is read.'),
  }),
  short: 'part',
  create: ({ identity: chosen, part, public: publicColumn }, tools) => {
    const pairOf = createKeyPairs(tools, 'vapid-key/1', chosen);
    if (part === 'public') {
      return {
        unique: true,
        folds: 'blanks',
        longest: 87,
        apply: (value) => Buffer.from(pairOf(value).publicKey.toString('base64url'), 'latin1'),
      };
    }
    if (publicColumn === undefined) return refuse('"vapid-key" of the part private needs "public", the column of the public key');
    const { index } = tools.sibling(publicColumn);
    return {
      unique: false,
      longest: 43,
      stage: 'before',
      reads: [publicColumn],
      apply: (value, row) => Buffer.from(pairOf(row[index] ?? value).privateKey.toString('base64url'), 'latin1'),
    };
  },
});

export const pkcs12 = defineAnonymizer({
  name: 'pkcs12',
  summary:
    'A PKCS#12 file (base64 in a text column) with a neutral certificate and its key, shipped with dyn-data and known to everybody. It opens with what `pkcs12-passphrase` writes.',
  types: ['text', 'binary'],
  facts: {
    ...facts,
    decidedBy: 'nothing',
    unique: 'no',
    enumerable: 'no',
    protects: 'Certificate and key: nobody can push to the real Apple devices.',
    leaves: 'Nothing.',
    example: { value: 'MIIL' },
  },
  parameters: z.strictObject({}),
  create: (_, { target }) => {
    const bytes = target.type === 'binary' ? Buffer.from(neutralPkcs12, 'base64') : Buffer.from(neutralPkcs12, 'latin1');
    return { unique: false, longest: bytes.length, apply: () => bytes };
  },
});

export const pkcs12Passphrase = defineAnonymizer({
  name: 'pkcs12-passphrase',
  summary: 'The passphrase of the file that `pkcs12` writes.',
  types: ['text'],
  facts: {
    ...facts,
    decidedBy: 'nothing',
    unique: 'no',
    enumerable: 'no',
    protects: 'The passphrase.',
    leaves: 'Nothing.',
    example: { value: 'secret' },
  },
  parameters: z.strictObject({}),
  create: () => {
    const bytes = Buffer.from(neutralPassphrase, 'latin1');
    return { unique: false, longest: bytes.length, apply: () => bytes };
  },
});
