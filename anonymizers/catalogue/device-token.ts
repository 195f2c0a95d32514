import { createECDH } from 'node:crypto';
import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, refuse, type Tools } from '../anonymizer.ts';
import { createDraw, type Draw } from '../draw.ts';
import { newBytes, writeBytes } from '../pseudonym-bytes.ts';
import { isAsciiBlank } from '../white-space.ts';

const space = 0x20;
const dash = 0x2d;
const androidLength = 163;
const iosLength = 64;
/** Distinct points on the curve are dear to make; the endpoint and the secret make a subscription unique. */
const publicKeyCount = 16;
const letters = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_');
const hexDigits = new TextEncoder().encode('0123456789abcdef');
const lettersPerNumber = 5;
const instanceLength = 22;
const instanceEnd = new TextEncoder().encode(':APA91b');
const subscriptionLength = 32;
const longestWebPush = 400;

export const deviceToken = defineAnonymizer({
  name: 'device-token',
  summary:
    'A push token that the validators of AeroGear UnifiedPush Server accept and that no push service knows. The platform is given, or told by the form of the token.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'with-key',
    protects: 'The token: no push service knows the result.',
    leaves: 'The platform; which rows have the same token.',
    example: { parameters: 'ios', value: '0123456789abcdef' },
  },
  parameters: z.strictObject({
    identity: identityParameter('device.token'),
    platform: described(z._default(z.enum(['auto', 'android', 'ios', 'webpush']), 'auto'), '`auto` tells it by the form of each token.'),
  }),
  short: 'platform',
  create: ({ identity, platform }, tools) => {
    const longest = platform === 'ios' ? iosLength : platform === 'android' ? androidLength : longestWebPush;
    const limit = tools.target.maxLength;
    if (limit !== undefined && limit < longest) refuse(`"device-token" needs room for ${longest} characters`);
    const draw = createDraw(tools.prf('device-token/1', identity, 'token'));
    let keyed = new Uint8Array(512);
    /** Apple's tokens are hexadecimal: case, blanks and dashes do not make another one. */
    const startIos = (value: Uint8Array, start: number, end: number): void => {
      if (keyed.length < end - start) keyed = new Uint8Array((end - start) * 2);
      let length = 0;
      for (let at = start; at < end; at++) {
        const byte = value[at] as number;
        if (byte !== space && byte !== dash) keyed[length++] = byte >= 0x41 && byte <= 0x46 ? byte + 0x20 : byte;
      }
      draw.start(keyed, length);
    };
    const publicKeys = platform === 'auto' || platform === 'webpush' ? curvePoints(tools) : [];
    return {
      unique: true,
      folds: 'signs',
      longest,
      apply: (value) => {
        const start = blanksFrom(value);
        const end = blanksTo(value, start);
        const isIos = isIosToken(value, start, end);
        const form = platform === 'auto' ? (isIos ? 'ios' : isWebPush(value, start, end) ? 'webpush' : 'android') : platform;
        if (isIos) startIos(value, start, end);
        else draw.start(value.subarray(start, end), end - start);
        return form === 'ios' ? ios(draw) : form === 'android' ? android(draw) : webPush(draw, publicKeys);
      },
    };
  },
});

/** White space at the ends, a no-break space of Latin 1 too, belongs to no token. */
function isBlank(byte: number): boolean {
  return isAsciiBlank(byte) || byte === 0xa0;
}

function blanksFrom(value: Uint8Array): number {
  let start = 0;
  while (start < value.length && isBlank(value[start] as number)) start++;
  return start;
}

function blanksTo(value: Uint8Array, start: number): number {
  let end = value.length;
  while (end > start && isBlank(value[end - 1] as number)) end--;
  return end;
}

/** 64 hexadecimal digits or more, with blanks and dashes between them. */
function isIosToken(value: Uint8Array, start: number, end: number): boolean {
  if (end - start < iosLength) return false;
  for (let at = start; at < end; at++) {
    const byte = value[at] as number;
    const lower = byte | 0x20;
    if (!((byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66) || byte === space || byte === dash)) return false;
  }
  return true;
}

function isWebPush(value: Uint8Array, start: number, end: number): boolean {
  if (!isBase64(value, start, end)) return false;
  const written = Buffer.from(value.buffer, value.byteOffset + start, end - start).toString('latin1');
  try {
    const subscription: unknown = JSON.parse(Buffer.from(written, 'base64').toString('utf8'));
    return typeof subscription === 'object' && subscription !== null && 'endpoint' in subscription;
  } catch {
    return false;
  }
}

const equals = 0x3d;
/** 1 for the letters of base64, both alphabets. */
const base64Letters = new Uint8Array(256);
for (const letter of new TextEncoder().encode('+/')) base64Letters[letter] = 1;
for (const letter of letters) base64Letters[letter] = 1;

function isBase64(value: Uint8Array, start: number, end: number): boolean {
  let last = end;
  while (last > start && end - last < 2 && value[last - 1] === equals) last -= 1;
  if (last === start) return false;
  for (let at = start; at < last; at++) if (base64Letters[value[at] as number] === 0) return false;
  return true;
}

/** Letters, digits, - and _: 6 bits each. */
function writeWord(draw: Draw, into: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; ) {
    let bits = draw.next();
    for (const end = Math.min(at + lettersPerNumber, to); at < end; at++) {
      into[at] = letters[bits & 63] as number;
      bits >>>= 6;
    }
  }
}

function ios(draw: Draw): Uint8Array {
  const result = new Uint8Array(iosLength);
  for (let at = 0; at < iosLength; ) {
    const word = draw.next();
    for (let shift = 28; shift >= 0; shift -= 4) result[at++] = hexDigits[(word >>> shift) & 15] as number;
  }
  return result;
}

function android(draw: Draw): Uint8Array {
  const result = newBytes(androidLength);
  writeWord(draw, result, 0, instanceLength);
  const payload = writeBytes(instanceEnd, result, instanceLength);
  writeWord(draw, result, payload, androidLength);
  return result;
}

function webPush(draw: Draw, publicKeys: readonly string[]): Uint8Array {
  const p256dh = publicKeys[draw.below(publicKeys.length)] as string;
  const secret = new Uint32Array([draw.next(), draw.next(), draw.next(), draw.next()]);
  const id = Buffer.alloc(subscriptionLength);
  writeWord(draw, id, 0, subscriptionLength);
  const subscription = {
    endpoint: `https://push.example.com/subscriptions/${id.toString('latin1')}`,
    keys: { p256dh, auth: Buffer.from(secret.buffer).toString('base64url') },
  };
  return Buffer.from(Buffer.from(JSON.stringify(subscription)).toString('base64'), 'latin1');
}

/** Public keys on P-256, whose private keys are forgotten at once. */
function curvePoints(tools: Tools): string[] {
  const half = (name: string): Uint8Array => tools.seed(`device-token/1/${name}`);
  return Array.from({ length: publicKeyCount }, (_, index) => {
    const curve = createECDH('prime256v1');
    // Cleared, the first bit keeps the number below the order of the curve.
    const secret = Buffer.concat([half(`${index}/high`), half(`${index}/low`)]);
    secret[0] = (secret[0] as number) & 0x7f;
    curve.setPrivateKey(secret);
    return curve.getPublicKey().toString('base64url');
  });
}
