/** The size of a tar block; headers and contents fill whole blocks. */
const blockBytes = 512;
const nameBytes = 100;

/**
 * The header block(s) of a regular file, owned by root, mode 0644, time zero: the same path and size give the same bytes. A path longer than
 * a ustar name field is carried by a PAX record before it (POSIX.1-2001), which every engine reads.
 * @param path without a leading slash, ASCII.
 */
export function tarFileHeader(path: string, sizeBytes: number): Buffer {
  if (path.length <= nameBytes) return header(path, sizeBytes, '0');
  const record = paxRecord('path', path);
  return Buffer.concat([
    header('PaxHeader', record.length, 'x'),
    record,
    tarPadding(record.length),
    header(path.slice(0, nameBytes), sizeBytes, '0'),
  ]);
}

/** What fills the last block of a content of this size. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** The end of an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockBytes);

function header(name: string, sizeBytes: number, type: '0' | 'x'): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(name, 0, nameBytes, 'latin1');
  block.write('0000644\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  block.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function paxRecord(key: string, value: string): Buffer {
  const body = ` ${key}=${value}\n`;
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.from(`${length}${body}`, 'latin1');
}
