import { isIPv4, isIPv6 } from 'node:net';
import * as z from 'zod/mini';
import { type Apply, defineAnonymizer, described, identityParameter, refuse } from '../anonymizer.ts';
import { newBytes } from '../pseudonym-bytes.ts';
import type { Prf } from '../siphash.ts';

const dot = 0x2e;
const longestText = 39;
const mappedPrefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

export const ip = defineAnonymizer({
  name: 'ip',
  summary:
    'An IPv4 address in 10.0.0.0/8, an IPv6 one in 2001:db8::/32 (the range for documentation); as text, as 4 or 16 bytes, or in a column for addresses (`inet` and `cidr` of PostgreSQL, which keep the length of their network, `inet4` and `inet6` of MariaDB). What is no address becomes all zeros.',
  types: ['text', 'binary', 'other'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'with-key',
    protects: 'The address.',
    leaves: 'Which rows have the same address. With `form: prefix`, which addresses are of one network.',
    example: { value: '81.56.12.4' },
  },
  parameters: z.strictObject({
    identity: identityParameter('network.ip'),
    form: described(
      z._default(z.enum(['reserved', 'prefix']), 'reserved'),
      '`prefix` is a keyed permutation instead: two addresses that begin with the same n bits get two that do, and the result may be the address of somebody.',
    ),
  }),
  create: ({ identity, form }, tools) => {
    const { type, maxLength } = tools.target;
    const isPrefix = form === 'prefix';
    const produces = isPrefix ? (['ip'] as const) : [];
    const anonymize = isPrefix
      ? createPrefixes(tools.prf('ip-prefix/1', identity, 'ip'))
      : createAddresses(tools.prf('ip/1', identity, 'ip'));
    if (type === 'binary') {
      return {
        unique: false,
        longest: 'input',
        produces,
        apply: (value) => (value.length === 4 || value.length === 16 ? anonymize(value) : new Uint8Array(value.length)),
      };
    }
    if (type === 'other') return { unique: false, longest: 'input', apply: addressColumn(tools.target.sqlType, anonymize) };
    if (maxLength !== undefined && maxLength < longestText) refuse(`"ip" needs room for ${longestText} characters`);
    const encoder = new TextEncoder();
    const quad = new Uint8Array(4);
    return {
      unique: false,
      longest: longestText,
      produces,
      apply: (value) => {
        if (readQuad(value, quad)) return writeQuad(anonymize(quad));
        const bytes = parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1').trim());
        return encoder.encode(bytes ? format(anonymize(bytes)) : '0.0.0.0');
      },
    };
  },
});

/** For a column that holds nothing but addresses: a network keeps its length, and one of cidr has nothing behind it. */
function addressColumn(sqlType: string, anonymize: (address: Uint8Array) => Uint8Array): Apply {
  if (!['inet', 'cidr', 'inet4', 'inet6'].includes(sqlType)) refuse(`"ip" is for text, bytes and addresses, and this is ${sqlType}`);
  const encoder = new TextEncoder();
  const otherwise = encoder.encode(sqlType === 'inet6' ? '::' : '0.0.0.0');
  return (value) => {
    const [address = '', bits] = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1').split('/');
    const bytes = parse(address);
    if (!bytes || (sqlType === 'inet4' && bytes.length !== 4)) return otherwise;
    const result = anonymize(bytes);
    const length = bits !== undefined && /^\d{1,3}$/.test(bits) ? Math.min(Number(bits), 8 * result.length) : undefined;
    if (sqlType === 'cidr' && length !== undefined) clearBehind(result, length);
    return encoder.encode(length === undefined ? format(result) : `${format(result)}/${length}`);
  };
}

function clearBehind(address: Uint8Array, bits: number): void {
  for (let bit = bits; bit < 8 * address.length; bit++) address[bit >>> 3] = (address[bit >>> 3] as number) & ~(0x80 >>> (bit & 7));
}

/** Keeps common beginnings (Crypto-PAn, Xu and others): whether a bit is turned is decided by the bits before it. */
function createPrefixes(prf: Prf): (address: Uint8Array) => Uint8Array {
  const tag = new Uint32Array(4);
  const message = new Uint8Array(17);
  const turn = (address: Uint8Array): Uint8Array => {
    const result = new Uint8Array(address.length);
    message.fill(0);
    for (let bit = 0; bit < 8 * address.length; bit++) {
      const at = bit >>> 3;
      const mask = 0x80 >>> (bit & 7);
      message[16] = bit | (address.length === 4 ? 0x80 : 0);
      prf(message, 17, tag);
      const real = (address[at] as number) & mask;
      result[at] = (result[at] as number) | (real ^ ((tag[0] as number) & mask));
      message[at] = (message[at] as number) | real;
    }
    return result;
  };
  return (address) => {
    if (address.length === 4 || !isMapped(address)) return turn(address);
    const result = address.slice();
    result.set(turn(address.slice(12)), 12);
    return result;
  };
}

function isMapped(address: Uint8Array): boolean {
  return mappedPrefix.every((byte, at) => address[at] === byte);
}

/** 4 bytes give 4, 16 give 16; an IPv4 address mapped into IPv6 stays the mapping of its pseudonym. */
function createAddresses(prf: Prf): (address: Uint8Array) => Uint8Array {
  const tag = new Uint32Array(4);
  const tagBytes = new Uint8Array(tag.buffer);
  const four = (address: Uint8Array): Uint8Array => {
    prf(address, 4, tag);
    return Uint8Array.of(10, tagBytes[0] as number, tagBytes[1] as number, tagBytes[2] as number);
  };
  return (address) => {
    if (address.length === 4) return four(address);
    const result = new Uint8Array(16);
    if (isMapped(address)) {
      result.set(mappedPrefix);
      result.set(four(address.subarray(12)), 12);
      return result;
    }
    prf(address, 16, tag);
    result.set([0x20, 0x01, 0x0d, 0xb8]);
    result.set(tagBytes.subarray(0, 12), 4);
    return result;
  };
}

/** Reads an IPv4 address without anything around it; false for all else. */
function readQuad(text: Uint8Array, into: Uint8Array): boolean {
  let at = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text[at++] !== dot) return false;
    const start = at;
    let number = 0;
    for (; at < text.length && at - start < 3; at++) {
      const digit = (text[at] as number) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      number = number * 10 + digit;
    }
    if (at === start || number > 255 || (text[start] === 0x30 && at - start > 1)) return false;
    into[part] = number;
  }
  return at === text.length;
}

function writeQuad(address: Uint8Array): Uint8Array {
  let length = 7;
  for (let part = 0; part < 4; part++) length += (address[part] as number) >= 100 ? 2 : (address[part] as number) >= 10 ? 1 : 0;
  const result = newBytes(length);
  let at = 0;
  for (let part = 0; part < 4; part++) {
    const number = address[part] as number;
    if (part > 0) result[at++] = dot;
    if (number >= 100) result[at++] = 0x30 + Math.floor(number / 100);
    if (number >= 10) result[at++] = 0x30 + (Math.floor(number / 10) % 10);
    result[at++] = 0x30 + (number % 10);
  }
  return result;
}

function parse(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  const address = text.split('%')[0] ?? '';
  if (!isIPv6(address)) return undefined;
  const groupsOf = (part: string): number[] =>
    part === '' ? [] : part.split(':').flatMap((group) => (group.includes('.') ? quadGroups(group) : [Number.parseInt(group, 16)]));
  const [head = '', tail] = address.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const groups = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

function quadGroups(quad: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}

function format(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  if (isMapped(address)) return `::ffff:${address.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, at) => (((address[2 * at] as number) << 8) | (address[2 * at + 1] as number)).toString(16));
  return groups.join(':');
}
