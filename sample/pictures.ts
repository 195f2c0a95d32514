import { crc32 } from 'node:zlib';

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const pngChunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([u32(data.length), body, u32(crc32(body))]);
};

const adler32 = (data: Buffer): number => {
  let a = 1;
  let b = 0;
  for (const byte of data) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
};

/**
 * A valid grey PNG of 8 × 8 pixels.
 *
 * @param pixels 64 bytes, row by row
 */
export const pngOf = (pixels: Buffer): Buffer => {
  const rows = Buffer.concat(Array.from({ length: 8 }, (_, y) => Buffer.concat([Buffer.of(0), pixels.subarray(y * 8, y * 8 + 8)])));
  // Stored, not compressed: the bytes must not depend on the version of zlib.
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16LE(rows.length, 0);
  lengths.writeUInt16LE(~rows.length & 0xffff, 2);
  const data = Buffer.concat([Buffer.of(0x78, 0x01, 0x01), lengths, rows, u32(adler32(rows))]);
  return Buffer.concat([
    Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk('IHDR', Buffer.concat([u32(8), u32(8), Buffer.of(8, 0, 0, 0, 0)])),
    pngChunk('IDAT', data),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
};

const jpegSegment = (marker: number, data: readonly number[]): number[] => {
  const length = data.length + 2;
  return [0xff, marker, length >>> 8, length & 0xff, ...data];
};

/** A Huffman table whose codes are all `bits` long. */
const huffmanTable = (tableClass: number, bits: number, symbols: readonly number[]): number[] => [
  tableClass << 4,
  ...Array.from({ length: 16 }, (_, at) => (at + 1 === bits ? symbols.length : 0)),
  ...symbols,
];

/**
 * A valid baseline JPEG of 8 × 8 pixels of one grey.
 *
 * @param grey 0 … 255
 * @param comment ASCII text put into the file, which makes the bytes of equal greys differ
 */
export const jpegOf = (grey: number, comment: string): Buffer => {
  // The one block has only its DC coefficient: with a quantiser of 8, level g − 128 is coded as g − 128.
  const level = grey - 128;
  const category = level === 0 ? 0 : 32 - Math.clz32(Math.abs(level));
  const magnitude = level >= 0 ? level : level + 2 ** category - 1;
  // DC categories 0 … 8 have the four-bit codes 0000 … 1000; the end of the block is the one-bit code 0.
  const magnitudeBits = category === 0 ? '' : magnitude.toString(2).padStart(category, '0');
  const bits = `${category.toString(2).padStart(4, '0')}${magnitudeBits}0`;
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  const scan: number[] = [];
  for (let at = 0; at < padded.length; at += 8) {
    const byte = Number.parseInt(padded.slice(at, at + 8), 2);
    scan.push(byte);
    if (byte === 0xff) scan.push(0);
  }
  return Buffer.from([
    0xff,
    0xd8,
    ...jpegSegment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...jpegSegment(0xfe, [...Buffer.from(comment, 'latin1')]),
    ...jpegSegment(0xdb, [0, ...Array.from({ length: 64 }, () => 8)]),
    ...jpegSegment(0xc0, [8, 0, 8, 0, 8, 1, 1, 0x11, 0]),
    ...jpegSegment(0xc4, huffmanTable(0, 4, [0, 1, 2, 3, 4, 5, 6, 7, 8])),
    ...jpegSegment(0xc4, huffmanTable(1, 1, [0])),
    ...jpegSegment(0xda, [1, 1, 0, 0, 63, 0]),
    ...scan,
    0xff,
    0xd9,
  ]);
};

/** The same PNG with a `tEXt` chunk, as cameras and editors write them. */
export const withPngText = (png: Buffer, keyword: string, text: string): Buffer => {
  // After the signature and the chunk IHDR.
  const headEnd = 8 + 25;
  return Buffer.concat([png.subarray(0, headEnd), pngChunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1')), png.subarray(headEnd)]);
};
