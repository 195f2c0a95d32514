import * as z from 'zod/mini';
import { defineAnonymizer } from '../anonymizer.ts';

/** One grey pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
/** Eight by eight grey pixels. */
const jpeg =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAj/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z';

/** One grey pixel. */
const gif = 'R0lGODlhAQABAIAAAICAgAAAACwAAAAAAQABAAACAkQBADs=';

const gifSignature = Uint8Array.of(0x47, 0x49, 0x46, 0x38);
const pngSignature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const jpegSignature = Uint8Array.of(0xff, 0xd8, 0xff);

export const image = defineAnonymizer({
  name: 'image',
  summary:
    'A tiny grey picture of the same type in place of a PNG, JPEG or GIF. What is none of them becomes NULL, or a PNG where NULL is not allowed.',
  types: ['binary'],
  facts: {
    charset: 'input',
    length: 'bounded',
    nulls: 'made',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'no',
    protects: 'The picture and everything inside it, such as place and camera.',
    leaves: 'The type of the picture.',
    example: { value: '' },
  },
  parameters: z.strictObject({}),
  create: (_, { target }) => {
    const [pngBytes, jpegBytes, gifBytes] = [png, jpeg, gif].map((text) => new Uint8Array(Buffer.from(text, 'base64'))) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const otherwise = target.nullable ? null : pngBytes;
    const replacements = [
      [pngSignature, pngBytes],
      [jpegSignature, jpegBytes],
      [gifSignature, gifBytes],
    ] as const;
    return {
      unique: false,
      longest: Math.max(pngBytes.length, jpegBytes.length, gifBytes.length),
      apply: (value) => replacements.find(([signature]) => startsWith(value, signature))?.[1] ?? otherwise,
    };
  },
});

function startsWith(value: Uint8Array, signature: Uint8Array): boolean {
  return signature.every((byte, at) => value[at] === byte);
}
