import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { extract } from 'tar-stream';
import type { SourceValues } from './source-values.ts';

export type SearchResult = {
  readonly layers: number;
  readonly files: number;
  /** After decompression. */
  readonly bytes: number;
  /** What was found, as `file: kind`, at most 20; never the value. */
  readonly hits: readonly string[];
};

/**
 * Unpacks every layer of an image as `docker save` gives it, decompresses every chunk and looks for the source's values: as they are, inside
 * base64, hexadecimal and percent-encoded runs. Uses nothing of the builder's.
 */
export async function searchImage(image: string, values: SourceValues): Promise<SearchResult> {
  const result = { layers: 0, files: 0, bytes: 0, hits: [] as string[] };
  const look = (name: string, content: Buffer): void => {
    result.files += 1;
    const plain = name.endsWith('.zst') ? zstdDecompressSync(content) : content;
    result.bytes += plain.length;
    for (const kind of findValues(plain, values)) if (result.hits.length < 20) result.hits.push(`${name}: ${kind}`);
  };
  const save = spawn('docker', ['save', image], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => save.on('close', resolve).on('error', reject));
  const outer = extract();
  save.stdout.pipe(outer);
  for await (const entry of outer) {
    if (entry.header.type !== 'file') {
      entry.resume();
      continue;
    }
    const isJson =
      entry.header.name.endsWith('.json') || ['repositories', 'VERSION', 'oci-layout'].some((name) => entry.header.name.endsWith(name));
    if (isJson) {
      look(entry.header.name, await buffer(entry));
      continue;
    }
    const content = await buffer(entry);
    if (content[0] === 0x7b) {
      look(entry.header.name, content);
      continue;
    }
    result.layers += 1;
    const inner = extract();
    inner.end(content);
    for await (const file of inner) look(file.header.name, await buffer(file));
  }
  if ((await ended) !== 0) throw new Error(`docker save ${image} failed`);
  return result;
}

const emailPattern = /[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
const phonePattern = /(?<![0-9A-Za-z])\+?\d[\d .()-]{7,20}\d(?![0-9A-Za-z])/g;
const wordPattern = /[^\s"',;<>\\]{8,}/g;
const base64Pattern = /[A-Za-z0-9+/]{12,}={0,2}/g;
const hexPattern = /(?:[0-9a-f]{2}){8,}/g;

/** The kinds of source values that occur in the content. */
export function findValues(content: Buffer, values: SourceValues): Set<string> {
  const found = new Set<string>();
  const plain = content.toString('utf8');
  const spellings = [plain];
  if (/%40|%2B/i.test(plain)) spellings.push(plain.replaceAll(/%40/gi, '@').replaceAll(/%2B/gi, '+'));
  spellings.push(decodedRuns(plain, base64Pattern, 'base64'), decodedRuns(plain, hexPattern, 'hex'));
  for (const spelling of spellings) {
    for (const [email] of spelling.matchAll(emailPattern)) if (values.emails.has(email.toLowerCase())) found.add('e-mail address');
    for (const [phone] of spelling.matchAll(phonePattern)) if (values.phones.has(phone.replaceAll(/\D/g, ''))) found.add('phone number');
    for (const [word] of spelling.matchAll(wordPattern)) if (values.secrets.has(word)) found.add('secret');
  }
  return found;
}

function decodedRuns(plain: string, pattern: RegExp, encoding: 'base64' | 'hex'): string {
  const decoded: string[] = [];
  for (const [run] of plain.matchAll(pattern)) decoded.push(Buffer.from(run, encoding).toString('utf8'));
  return decoded.join('\n');
}
