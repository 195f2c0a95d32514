import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { makeRule } from './making.ts';

/** Reads a picture to its last byte and gives its size. @throws where anything in it does not fit */
type ReadPicture = (bytes: Buffer) => readonly [width: number, height: number];

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const readPng: ReadPicture = (bytes) => {
  const chunks = new Map<string, Buffer>();
  let at = 8;
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    check(bytes.readUInt32BE(at + 8 + length) === crc32(body), 'a checksum is wrong');
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  check([...chunks.keys()].join() === 'IHDR,IDAT,IEND' && at === bytes.length, 'chunks are missing');
  const header = chunks.get('IHDR') as Buffer;
  const size = [header.readUInt32BE(0), header.readUInt32BE(4)] as const;
  // Grey of eight bits: a filter byte and one byte for each pixel of a row.
  check(inflateSync(chunks.get('IDAT') as Buffer).length === (1 + size[0]) * size[1], 'rows are missing');
  return size;
};

const readJpeg: ReadPicture = (bytes) => {
  let size: readonly [number, number] = [0, 0];
  let at = 2;
  while (bytes[at + 1] !== 0xda) {
    check(bytes[at] === 0xff, 'a marker is missing');
    if (bytes[at + 1] === 0xc0 || bytes[at + 1] === 0xc1) size = [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  check(bytes.subarray(-2).toString('hex') === 'ffd9', 'the end is missing');
  return size;
};

const readGif: ReadPicture = (bytes) => {
  const colours = 3 * 2 ** (1 + ((bytes[10] as number) & 7));
  let at = 13 + colours;
  check(bytes[at] === 0x2c, 'the picture is missing');
  const size = [bytes.readUInt16LE(at + 5), bytes.readUInt16LE(at + 7)] as const;
  at += 11;
  while (bytes[at] !== 0) at += 1 + (bytes[at] as number);
  check(bytes[at + 1] === 0x3b && at + 2 === bytes.length, 'the end is missing');
  return size;
};

const readWebp: ReadPicture = (bytes) => {
  check(bytes.readUInt32LE(4) === bytes.length - 8 && bytes.toString('latin1', 8, 16) === 'WEBPVP8L', 'the frame is wrong');
  check(bytes.readUInt32LE(16) <= bytes.length - 20 && bytes[20] === 0x2f, 'the chunk is wrong');
  const bits = bytes.readUInt32LE(21);
  return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
};

/** A header and rows of whole groups of four bytes; an icon's height counts its mask too. */
const readBitmap = (bytes: Buffer): readonly [number, number] => {
  check(bytes.readUInt32LE(0) === 40 && bytes.readUInt16LE(12) === 1, 'the header is wrong');
  const [width, height] = [bytes.readInt32LE(4), bytes.readInt32LE(8)];
  check(bytes.length === 40 + 4 * height && width === 1, 'rows are missing');
  return [width, height];
};

const readBmp: ReadPicture = (bytes) => {
  check(bytes.readUInt32LE(2) === bytes.length && bytes.readUInt32LE(10) === 54, 'the header is wrong');
  return readBitmap(bytes.subarray(14));
};

const readIco: ReadPicture = (bytes) => {
  check(bytes.readUInt16LE(4) === 1 && bytes.readUInt32LE(14) + bytes.readUInt32LE(18) === bytes.length, 'the list is wrong');
  const [width, both] = readBitmap(bytes.subarray(bytes.readUInt32LE(18)));
  check(both === 2 * (bytes[7] as number), 'the mask is missing');
  return [width, bytes[7] as number];
};

const readTiff: ReadPicture = (bytes) => {
  const isLittle = bytes[0] === 0x49;
  const short = (at: number): number => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const long = (at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const list = long(4);
  const fields = new Map(
    Array.from({ length: short(list) }, (_, index) => {
      const at = list + 2 + 12 * index;
      return [short(at), short(at + 2) === 3 ? short(at + 8) : long(at + 8)] as const;
    }),
  );
  const end = list + 2 + 12 * fields.size;
  check(long(end) === 0 && end + 4 === bytes.length, 'the end is missing');
  check(
    [...fields.keys()].every((tag, index, all) => index === 0 || tag > (all[index - 1] as number)),
    'the fields are out of order',
  );
  const [offset = 0, count = 0] = [fields.get(273), fields.get(279)];
  check(offset >= 8 && offset + count <= list && count === 1, 'the pixel is missing');
  return [fields.get(256) ?? 0, fields.get(257) ?? 0];
};

const readSvg: ReadPicture = (bytes) => {
  const [, width, height] =
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="(\d+)" height="(\d+)">(?:<\w+(?: [\w-]+="[^"<&]*")*\/>)*<\/svg>$/.exec(
      bytes.toString('utf8'),
    ) ?? [];
  return [Number(width), Number(height)];
};

const apply = (bytes: Buffer, nullable = true): Buffer | null => {
  const made = makeRule('image', { type: 'binary', nullable }).apply(bytes, []);
  return made && Buffer.from(made);
};
const hex = (digits: string, more = ''): Buffer => Buffer.concat([Buffer.from(digits, 'hex'), Buffer.from(more)]);
const secret = 'taken at 48.8566, 2.3522 by Marie';

describe('a picture becomes a small grey one of its type, which can be read to its end', () => {
  test.each<[string, Buffer, ReadPicture, number]>([
    ['PNG', hex('89504e470d0a1a0a', secret), readPng, 1],
    ['JPEG', hex('ffd8ffe1', secret), readJpeg, 8],
    ['GIF', Buffer.from(`GIF87a${secret}`), readGif, 1],
    ['WebP', Buffer.from(`RIFF1234WEBPVP8 ${secret}`), readWebp, 1],
    ['BMP', hex('424d9a00000000000000', secret), readBmp, 1],
    ['TIFF', hex('49492a0008000000', secret), readTiff, 1],
    ['TIFF of the other order', hex('4d4d002a00000008', secret), readTiff, 1],
    ['ICO', hex('000001000100', secret), readIco, 1],
    ['SVG', Buffer.from(`<?xml version="1.0"?>\n<!-- ${secret} -->\n<svg width="1"><text>${secret}</text></svg>`), readSvg, 8],
    ['SVG without a prologue', Buffer.from(`  <svg>${secret}</svg>`), readSvg, 8],
  ])('%s', (_, real, read, side) => {
    const made = apply(real) ?? Buffer.alloc(0);
    expect(read(made)).toEqual([side, side]);
    expect(made.subarray(0, 2)).toEqual((real[0] === 0x20 || real[1] === 0x3f ? Buffer.from('<s') : real).subarray(0, 2));
    expect(made.toString('latin1')).not.toContain('Marie');
    // A picture that is replaced again stays what it is.
    expect(apply(made)).toEqual(made);
  });

  test.each(['', 'RIFF', 'RIFF1234WAVEfmt ', 'BMW 320', 'II', 'Marie', '<html><svg></svg></html>', 'text about <svg>'])(
    'what is no picture (%s) becomes NULL, or a PNG where there can be none',
    (text) => {
      expect(apply(Buffer.from(text))).toBeNull();
      expect(readPng(apply(Buffer.from(text), false) ?? Buffer.alloc(0))).toEqual([1, 1]);
    },
  );
});
