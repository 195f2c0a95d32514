import * as z from 'zod/mini';
import { type Anonymizer, defineAnonymizer, type Facts, identityParameter } from '../anonymizer.ts';
import { createDraw, type Draw } from '../draw.ts';
import { createNormalizer } from '../normalize.ts';

const textLength = 36;
const written = /^\s*\{?([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})\}?\s*$/i;

/** Draws a UUID of version 4, as its 16 bytes. */
function drawUuid(draw: Draw): Buffer {
  const bytes = Buffer.alloc(16);
  for (let at = 0; at < 16; at += 4) bytes.writeUInt32LE(draw.next(), at);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

function uuidLike(name: string, summary: string, identity: string, algorithm: string, facts: Facts): Anonymizer {
  return defineAnonymizer({
    name,
    summary,
    types: ['text', 'uuid', 'binary'],
    facts,
    parameters: z.strictObject({ identity: identityParameter(identity) }),
    create: ({ identity: chosen }, tools) => {
      const draw = createDraw(tools.prf(algorithm, chosen, 'token'));
      const normalizer = createNormalizer();
      const isBinary = tools.target.type === 'binary';
      return {
        unique: true,
        ...(tools.target.type === 'text' ? { folds: 'signs' } : {}),
        longest: isBinary ? 16 : textLength,
        apply: (value) => {
          const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
          const match = isBinary ? null : written.exec(text);
          // 16 bytes, however they are written, are one UUID.
          const bytes = match ? Buffer.from(match.slice(1).join('').replaceAll('-', ''), 'hex') : value;
          const length = normalizer.exact(bytes);
          draw.start(normalizer.bytes, length);
          const result = drawUuid(draw);
          if (isBinary) return result;
          const hex = result.toString('hex');
          const bare = match !== null && match[2] === '';
          const spelled = bare ? hex : `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
          return Buffer.from(match && text === text.toUpperCase() ? spelled.toUpperCase() : spelled, 'latin1');
        },
      };
    },
  });
}

const facts: Facts = {
  charset: 'ascii',
  length: 'bounded',
  nulls: 'kept',
  decidedBy: 'value',
  unique: 'yes',
  enumerable: 'with-key',
  protects: 'The identifier, and time and machine in one of the older versions.',
  leaves: 'Which rows have the same one; with or without dashes, in capitals or not, as text or as 16 bytes, it is the same.',
  example: { value: '6BA7B810-9DAD-11D1-80B4-00C04FD430C8' },
};

export const uuid = uuidLike(
  'uuid',
  'A random-looking UUID (version 4) in place of a UUID or of anything else.',
  'value.token',
  'uuid/1',
  facts,
);

export const pushSecret = uuidLike(
  'push-secret',
  'A UUID in place of the master secret of a push application or the secret of a variant: the form that UnifiedPush Server gives them.',
  'push.credential',
  'push-secret/1',
  {
    ...facts,
    protects: 'The secret: nobody can send in the name of the real application.',
    leaves: 'Which rows have the same secret.',
    example: { value: 'd5f7ac6c-53b6-4bd3-a1f5-0a7d9bfc8e33' },
  },
);
