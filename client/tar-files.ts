import { collect } from './small-bytes.ts';

/** A regular file in an archive. Its bytes are there until the next file is asked for; what is not read of them is passed over. */
export type TarFile = { readonly path: string; readonly sizeBytes: number; readonly bytes: AsyncIterable<Uint8Array> };

const blockBytes = 512;
/** Far above what names and attributes of one file need. */
const attributesMaxBytes = 1024 * 1024;

/**
 * The regular files of a tar archive, in its order: ustar, pax (POSIX.1-2001) and GNU's long names. Of the source no more than one piece is
 * in memory; it is read to its end, or closed where the reader stops before.
 * @throws Error where the archive is damaged or ends within a file
 */
export async function* tarFiles(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const input = createInput(source);
  try {
    let attributes: Attributes = {};
    for (let header = await input.block(); header !== undefined; header = await input.block()) {
      // Two blocks of zeros end an archive; what fills the last record after them may be of any length.
      if (header.every((byte) => byte === 0)) continue;
      requireChecksum(header);
      const type = String.fromCharCode(header[156] ?? 0);
      const own = numberIn(header.subarray(124, 136));
      const isFollowed = 'xgLK'.includes(type);
      const sizeBytes = isFollowed ? own : (attributes.sizeBytes ?? own);
      const content = { left: sizeBytes };
      if (type === 'x' || type === 'L') {
        if (sizeBytes > attributesMaxBytes) throw damaged('attributes without an end');
        const bytes = await collect(input.rest(content));
        attributes = { ...attributes, ...(type === 'x' ? attributesIn(bytes) : { path: textIn(bytes) }) };
      } else if (!isFollowed) {
        const path = attributes.path ?? pathIn(header);
        attributes = {};
        if ((type === '0' || type === '\0') && !path.endsWith('/')) yield { path, sizeBytes, bytes: input.rest(content) };
      }
      content.left += (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
      for await (const _ of input.rest(content));
    }
  } finally {
    await input.close();
  }
}

/** What an entry before a file says about it. */
type Attributes = { readonly path?: string; readonly sizeBytes?: number };

function createInput(source: AsyncIterable<Uint8Array>) {
  const pieces = source[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array();
  /** Takes what is left off the source, a piece at a time; `of` says how much is left, also to who goes on after another has stopped. */
  const rest = async function* (of: { left: number }): AsyncGenerator<Uint8Array> {
    while (of.left > 0) {
      if (!(await isFilled())) throw damaged('it ends too early');
      const taken = piece.subarray(0, of.left);
      piece = piece.subarray(taken.byteLength);
      of.left -= taken.byteLength;
      yield taken;
    }
  };
  const isFilled = async (): Promise<boolean> => {
    while (piece.byteLength === 0) {
      const next = await pieces.next();
      if (next.done) return false;
      piece = next.value;
    }
    return true;
  };
  return {
    rest,
    /** Undefined at the end of the source. */
    block: async () => ((await isFilled()) ? collect(rest({ left: blockBytes })) : undefined),
    close: async () => void (await pieces.return?.()),
  };
}

function requireChecksum(header: Buffer): void {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (sum !== numberIn(header.subarray(148, 156))) throw damaged('a header has another checksum');
}

/** Octal digits or, with the first bit set, a binary number. */
function numberIn(field: Buffer): number {
  const value =
    ((field[0] ?? 0) & 0x80) === 0
      ? Number.parseInt(textIn(field).trim() || '0', 8)
      : field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  return whole(value);
}

function whole(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw damaged('a header has no number where one is expected');
}

function textIn(field: Uint8Array): string {
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString();
}

function pathIn(header: Buffer): string {
  const name = textIn(header.subarray(0, 100));
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const folder = isPosix ? textIn(header.subarray(345, 500)) : '';
  return folder === '' ? name : `${folder}/${name}`;
}

/** Records of pax: their length, a space, `key=value` and a line break. */
function attributesIn(records: Buffer): Attributes {
  const values: Record<string, string> = {};
  for (let at = 0; at < records.byteLength; ) {
    const space = records.indexOf(' ', at);
    const length = space < 0 ? Number.NaN : Number(records.toString('latin1', at, space));
    if (!(length > space - at) || at + length > records.byteLength) throw damaged('attributes that cannot be read');
    const [key = '', ...value] = records.toString('utf8', space + 1, at + length - 1).split('=');
    values[key] = value.join('=');
    at += length;
  }
  const { path, size } = values;
  return { ...(path === undefined ? {} : { path }), ...(size === undefined ? {} : { sizeBytes: whole(Number(size)) }) };
}

const damaged = (why: string): Error => new Error(`This is no whole tar archive: ${why}.`);
