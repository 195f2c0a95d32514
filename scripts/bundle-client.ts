import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { brotliCompressSync, constants, crc32 } from 'node:zlib';
import { type BuildOptions, build, type ImportKind, type Metafile, type Plugin } from 'esbuild';
import type { Part } from '../client/loader.ts';
import { digestOf } from '../core/digest.ts';
import { toolVersion } from '../core/version.ts';
import { projectFolder } from './project-paths.ts';

const sizeMaxBytes = 200_000;

const banner = `#!/usr/bin/env node
// dyn-data ${toolVersion}. This is its loader; the program is below, compressed: in each part, "packed" is base64 of Brotli.`;

const settings = {
  absWorkingDir: projectFolder,
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  // Old syntax on purpose: an old Node must be able to read the program far enough to be told that it is too old.
  target: 'node18',
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions;

const programSettings = {
  ...settings,
  format: 'cjs',
  outfile: 'program.js',
  minify: true,
  // Names and lines in stack traces are what a bug report has.
  keepNames: true,
  lineLimit: 160,
  // A program that is in no file of its own has `require` only.
  supported: { 'dynamic-import': false },
  // As modules, of which only what is called is taken.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
} as const satisfies BuildOptions;

/** Before the names of the program's own modules, which the loader tells from Node's by it. */
const prefix = 'dyn-data:';

export type ClientBundle = {
  readonly sizeBytes: number;
  /** The files that it was made from, relative to the project. */
  readonly inputs: readonly string[];
  /** All modules that it asks Node for. */
  readonly modules: readonly string[];
  /** The same for what runs at every start. */
  readonly front: { readonly inputs: readonly string[]; readonly modules: readonly string[] };
};

/**
 * Bundles the client into one file without dependencies: client/loader.ts and, compressed, the program in two parts. The front is what
 * client/main.ts imports statically; the commands are what that imports dynamically, without what the front has already.
 * @throws Error where it is larger than it may be
 */
export async function bundleClient(outputFile: string = join(projectFolder, 'dist', 'dyn-data.mjs')): Promise<ClientBundle> {
  const commandFiles = new Set<string>();
  const frontPlugins = [commandsLater(commandFiles), noProcesses];
  const sketch = await build({ ...programSettings, entryPoints: ['client/main.ts'], plugins: frontPlugins });
  const frontFiles = Object.keys(sketch.metafile.inputs)
    .filter((file) => /^(?:client|core)\//.test(file))
    .sort();
  const [front, commands, loader] = await Promise.all([
    build({ ...programSettings, stdin: { contents: frontOf(frontFiles), resolveDir: projectFolder }, plugins: frontPlugins }),
    build({
      ...programSettings,
      // Sorted, because the bundler resolves in the order in which its threads get there: the same sources are the same file.
      stdin: { contents: commandsOf([...commandFiles].sort()), resolveDir: projectFolder },
      plugins: [frontAsIs(frontFiles)],
    }),
    build({ ...settings, entryPoints: ['client/loader.ts'], outfile: 'loader.mjs', format: 'esm', banner: { js: banner } }),
  ]);
  const parts = [packed('front', front.outputFiles), packed('commands', commands.outputFiles)];
  const text = `${loader.outputFiles[0]?.text}start(\n${parts.map((part) => JSON.stringify(part)).join(',\n')});\n`;
  if (text.length > sizeMaxBytes) {
    throw new Error(`The client has ${text.length} bytes, and may have ${sizeMaxBytes}. See what came into it that it can do without.`);
  }
  await mkdir(dirname(outputFile), { recursive: true });
  // Beside it first: whoever starts the client at this moment never meets half a file.
  const beside = `${outputFile}.${process.pid}`;
  await writeFile(beside, text, { mode: 0o755 });
  await rename(beside, outputFile);
  const atStart = [loader.metafile, front.metafile];
  const all = [...atStart, commands.metafile];
  return {
    sizeBytes: text.length,
    inputs: filesIn(all),
    modules: modulesIn(all, ['import-statement', 'require-call', 'dynamic-import']),
    front: { inputs: filesIn(atStart), modules: modulesIn(atStart, ['import-statement', 'require-call']) },
  };
}

/** Runs client/main.ts, and gives the commands what it has itself. */
function frontOf(files: readonly string[]): string {
  const imports = files.map((file, index) => `import * as m${index} from './${file}';`);
  return `${imports.join('')}import './client/main.ts';module.exports.modules={${files.map((file, index) => `'${prefix}${file}':()=>m${index}`)}};`;
}

/** Runs nothing before it is asked for. */
function commandsOf(files: readonly string[]): string {
  return `module.exports.modules={${files.map((file) => `'${prefix}${file}':()=>require('./${file}')`)}};`;
}

/** What client/main.ts imports dynamically comes out of the other part. @param files gets their names */
function commandsLater(files: Set<string>): Plugin {
  return {
    name: 'commands-later',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ kind, resolveDir, path }) => {
        if (kind !== 'dynamic-import') return undefined;
        const file = relative(projectFolder, resolve(resolveDir, path));
        files.add(file);
        return { path: `${prefix}${file}`, external: true };
      });
    },
  };
}

/** What the front has is the same module for the commands: an error class must not be two. */
function frontAsIs(files: readonly string[]): Plugin {
  return {
    name: 'front-as-is',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ resolveDir, path }) => {
        const file = relative(projectFolder, resolve(resolveDir, path));
        return files.includes(file) ? { path: `${prefix}${file}`, external: true } : undefined;
      });
    },
  };
}

/** commander can run commands that are programs of their own. Ours are not, and loading what starts processes takes a while. */
const noProcesses: Plugin = {
  name: 'no-processes',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path, namespace: 'nothing' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: '' }));
  },
};

/** Compressing takes a second, and test files that share a process bundle the same program again and again. */
const packedBefore = new Map<string, string>();

function packed(name: string, outputs: readonly { readonly contents: Uint8Array }[]): Part {
  const program = outputs[0]?.contents ?? new Uint8Array();
  const params = {
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: program.byteLength,
  };
  const digest = digestOf(program);
  const text = packedBefore.get(digest) ?? brotliCompressSync(program, { params }).toString('base64');
  packedBefore.set(digest, text);
  return { name: `dyn-data-${toolVersion}-${name}.js`, crc32: crc32(program), packed: text };
}

/** What the bundler and the plugins make up is no file. */
const isMadeUp = (name: string): boolean => /^<|:/.test(name);

function filesIn(metafiles: readonly Metafile[]): string[] {
  const names = metafiles.flatMap(({ outputs }) => Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)));
  return [...new Set(names.filter((name) => !isMadeUp(name)))];
}

function modulesIn(metafiles: readonly Metafile[], kinds: readonly ImportKind[]): string[] {
  const imports = metafiles.flatMap(({ inputs }) => Object.values(inputs).flatMap((input) => input.imports));
  const ofOthers = imports.filter(
    ({ path, kind, external }) => external && kinds.includes(kind) && !path.startsWith(prefix) && path !== '<runtime>',
  );
  return [...new Set(ofOthers.map(({ path }) => path))].sort();
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const { sizeBytes, inputs } = await bundleClient();
  process.stdout.write(`dist/dyn-data.mjs: ${Math.round(sizeBytes / 1000)} kB from ${inputs.length} files\n`);
}
