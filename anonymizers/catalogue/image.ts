import * as z from 'zod/mini';
import { defineAnonymizer } from '../anonymizer.ts';

/** One grey pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
/** Eight by eight grey pixels. */
const jpeg =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAj/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z';

/** One grey pixel. */
const gif = 'R0lGODlhAQABAIAAAICAgAAAACwAAAAAAQABAAACAkQBADs=';

/** One grey pixel, lossless. */
const webp = 'UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAdQwAIWsP+BiOh/AAA=';
/** One grey pixel of 24 bits. */
const bmp = 'Qk06AAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAQAAAATCwAAEwsAAAAAAAAAAAAAgICAAA==';
/** One grey pixel, the lower byte of a number first. */
const tiffLittle =
  'SUkqAAoAAACAAAkAAAEDAAEAAAABAAAAAQEDAAEAAAABAAAAAgEDAAEAAAAIAAAAAwEDAAEAAAABAAAABgEDAAEAAAABAAAAEQEEAAEAAAAIAAAAFQEDAAEAAAABAAAAFgEDAAEAAAABAAAAFwEEAAEAAAABAAAAAAAAAA==';
/** The same, the higher byte first. */
const tiffBig =
  'TU0AKgAAAAqAAAAJAQAAAwAAAAEAAQAAAQEAAwAAAAEAAQAAAQIAAwAAAAEACAAAAQMAAwAAAAEAAQAAAQYAAwAAAAEAAQAAAREABAAAAAEAAAAIARUAAwAAAAEAAQAAARYAAwAAAAEAAQAAARcABAAAAAEAAAABAAAAAA==';
/** One grey pixel of 32 bits. */
const ico = 'AAABAAEAAQEAAAEAIAAwAAAAFgAAACgAAAABAAAAAgAAAAEAIAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAACAgID/AAAAAA==';
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="#808080"/></svg>';

/** What a picture begins with, as hexadecimal digits with a point for any one of them; the first that fits tells its type. */
const signatures: readonly (readonly [start: RegExp, picture: Uint8Array])[] = [
  [/^89504e470d0a1a0a/, decoded(png)],
  [/^ffd8ff/, decoded(jpeg)],
  [/^47494638/, decoded(gif)],
  [/^52494646.{8}57454250/, decoded(webp)],
  [/^424d.{8}0{8}/, decoded(bmp)],
  [/^49492a00/, decoded(tiffLittle)],
  [/^4d4d002a/, decoded(tiffBig)],
  [/^00000100/, decoded(ico)],
];
const longestSignature = 12;
const svgPicture = new Uint8Array(Buffer.from(svg));
/** What stands before `<svg`: declarations and comments. */
const svgStart = /^\ufeff?\s*(?:<[?!][^<]*>\s*)*<svg[\s>]/;
const longestSvgStart = 2000;

export const image = defineAnonymizer({
  name: 'image',
  summary:
    'A tiny grey picture of the same type in place of a PNG, JPEG, GIF, WebP, BMP, TIFF, ICO or SVG. What is none of them becomes NULL, or a PNG where NULL is not allowed.',
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
    example: { value: '<svg xmlns="http://www.w3.org/2000/svg"><title>Marie</title></svg>' },
  },
  parameters: z.strictObject({}),
  create: (_, { target }) => {
    const pictures = [...signatures.map(([, picture]) => picture), svgPicture];
    const otherwise = target.nullable ? null : decoded(png);
    return {
      unique: false,
      longest: Math.max(...pictures.map(({ length }) => length)),
      apply: (value) => pictureFor(value) ?? otherwise,
    };
  },
});

function decoded(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function pictureFor(value: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const start = bytes.toString('hex', 0, longestSignature);
  const found = signatures.find(([signature]) => signature.test(start));
  if (found) return found[1];
  return svgStart.test(bytes.toString('utf8', 0, longestSvgStart)) ? svgPicture : undefined;
}
