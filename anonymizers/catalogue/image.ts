import * as z from 'zod/mini';
import { defineAnonymizer } from '../anonymizer.ts';

/** One grey pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
/** Eight by eight grey pixels. */
const jpeg =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAj/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z';

const pngSignature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const jpegSignature = Uint8Array.of(0xff, 0xd8, 0xff);

export const image = defineAnonymizer({
  name: 'image',
  summary:
    'A tiny grey picture of the same type in place of a PNG or JPEG. What is neither becomes NULL, or a PNG where NULL is not allowed.',
  types: ['binary'],
  parameters: z.strictObject({}),
  create: (_, { target }) => {
    const [pngBytes, jpegBytes] = [png, jpeg].map((text) => new Uint8Array(Buffer.from(text, 'base64'))) as [Uint8Array, Uint8Array];
    const otherwise = target.nullable ? null : pngBytes;
    return {
      unique: false,
      longest: Math.max(pngBytes.length, jpegBytes.length),
      apply: (value) => (startsWith(value, pngSignature) ? pngBytes : startsWith(value, jpegSignature) ? jpegBytes : otherwise),
    };
  },
});

function startsWith(value: Uint8Array, signature: Uint8Array): boolean {
  return signature.every((byte, at) => value[at] === byte);
}
