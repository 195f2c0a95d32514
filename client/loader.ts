import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';
import * as zlib from 'node:zlib';

/** A part of the program: JavaScript as Brotli in base64, with the CRC-32 of that JavaScript. */
export type Part = { readonly name: string; readonly crc32: number; readonly packed: string };

/** What a part has to offer: its modules by the names that `require` is asked for. */
type Modules = Readonly<Record<string, () => unknown>>;

/**
 * The beginning of the one file that the client ships as, and all of it that is plain (scripts/bundle-client.ts). The program is in two
 * parts, so that what needs no command, such as --help, neither unpacks nor compiles the commands.
 */
export function start(front: Part, commands: Part): void {
  const loaded: Modules[] = [];
  const requireOfNode = createRequire(import.meta.url);
  const find = (path: string): (() => unknown) | undefined => loaded.find((modules) => path in modules)?.[path];
  const load = (part: Part): void => {
    const module: { exports: { modules?: Modules } } = { exports: {} };
    runInThisContext(`(function(require,module){${unpacked(part)}\n})`, { filename: part.name })(requireHere, module);
    loaded.push(module.exports.modules ?? {});
  };
  const requireHere = (path: string): unknown => {
    if (!path.startsWith('dyn-data:')) return requireOfNode(path);
    if (find(path) === undefined) load(commands);
    return find(path)?.();
  };
  load(front);
}

/** Ends the process where this file was damaged on its way. */
function unpacked({ packed, crc32 }: Part): string {
  try {
    const program = zlib.brotliDecompressSync(Buffer.from(packed, 'base64'));
    // A Node without crc32 is too old for the client, and it is the program that says so.
    if (zlib.crc32 === undefined || zlib.crc32(program) === crc32) return program.toString();
  } catch {
    // Damaged as well.
  }
  const error = {
    code: 'DIGEST_MISMATCH',
    message: 'This file of dyn-data is damaged: it does not hold what was built. Get it again.',
    details: [],
    exitCode: 6,
  };
  process.stderr.write(process.argv.includes('--json') ? `${JSON.stringify({ error })}\n` : `error ${error.code}: ${error.message}\n`);
  process.exit(error.exitCode);
}
