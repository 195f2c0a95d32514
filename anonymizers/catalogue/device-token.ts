import { createECDH } from 'node:crypto';
import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter, refuse, type Tools } from '../anonymizer.ts';
import { createDraw, type Draw } from '../draw.ts';

const androidLength = 163;
const iosLength = 64;
/** Distinct points on the curve are dear to make; the endpoint and the secret make a subscription unique. */
const publicKeyCount = 16;
const letters = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_');
const instanceLength = 22;
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
    platform: z._default(z.enum(['auto', 'android', 'ios', 'webpush']), 'auto'),
  }),
  short: 'platform',
  create: ({ identity, platform }, tools) => {
    const longest = platform === 'ios' ? iosLength : platform === 'android' ? androidLength : longestWebPush;
    const limit = tools.target.maxLength;
    if (limit !== undefined && limit < longest) refuse(`"device-token" needs room for ${longest} characters`);
    const draw = createDraw(tools.prf('device-token/1', identity, 'token'));
    const publicKeys = platform === 'auto' || platform === 'webpush' ? curvePoints(tools) : [];
    return {
      unique: true,
      longest,
      apply: (value) => {
        const written = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1').trim();
        const isIos = iosPattern.test(written);
        const form = platform === 'auto' ? (isIos ? 'ios' : isWebPush(written) ? 'webpush' : 'android') : platform;
        // Apple's tokens are hexadecimal: case, blanks and dashes do not make another one.
        const keyed = Buffer.from(isIos ? written.toLowerCase().replaceAll(/[ -]/g, '') : written, 'latin1');
        draw.start(keyed, keyed.length);
        return form === 'ios' ? ios(draw) : form === 'android' ? android(draw) : webPush(draw, publicKeys);
      },
    };
  },
});

const iosPattern = /^[a-f0-9 -]{64,}$/i;

function isWebPush(written: string): boolean {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(written)) return false;
  try {
    const subscription: unknown = JSON.parse(Buffer.from(written, 'base64').toString('utf8'));
    return typeof subscription === 'object' && subscription !== null && 'endpoint' in subscription;
  } catch {
    return false;
  }
}

/** Letters, digits, - and _: 6 bits each, five of a number drawn. */
function writeWord(draw: Draw, into: Uint8Array, from: number, to: number): void {
  let bits = 0;
  for (let at = from, done = 0; at < to; at++, done++) {
    bits = done % 5 === 0 ? draw.next() : bits >>> 6;
    into[at] = letters[bits & 63] as number;
  }
}

function ios(draw: Draw): Uint8Array {
  let result = '';
  for (let at = 0; at < iosLength / 8; at++) result += draw.next().toString(16).padStart(8, '0');
  return Buffer.from(result, 'latin1');
}

function android(draw: Draw): Uint8Array {
  const result = Buffer.alloc(androidLength);
  writeWord(draw, result, 0, instanceLength);
  const payload = instanceLength + result.write(':APA91b', instanceLength, 'latin1');
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
