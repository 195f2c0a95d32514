import { chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { projectFolder } from './project-paths.ts';

/** Old syntax on purpose: an old Node must be able to read the file far enough to be told that it is too old. */
const target = 'node18';

/** `require` for Node's own modules: unlike `import`, a name that an old Node does not have is no error before the program begins. */
const banner = [
  '#!/usr/bin/env node',
  "import { createRequire } from 'node:module';",
  'const require = createRequire(import.meta.url);',
].join('\n');

/** Bundles the client into one file without dependencies. Returns what went into it. */
export async function bundleClient(
  outputFile: string = join(projectFolder, 'dist', 'dyn-data.mjs'),
): Promise<{ sizeBytes: number; inputs: string[] }> {
  const { metafile }: { metafile: Metafile } = await build({
    absWorkingDir: projectFolder,
    entryPoints: ['client/main.ts'],
    outfile: outputFile,
    bundle: true,
    minify: true,
    // Names in stack traces are what a bug report has.
    keepNames: true,
    format: 'iife',
    platform: 'node',
    target,
    banner: { js: banner },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  await chmod(outputFile, 0o755);
  const [output] = Object.values(metafile.outputs);
  return { sizeBytes: output?.bytes ?? 0, inputs: Object.keys(output?.inputs ?? {}) };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const { sizeBytes, inputs } = await bundleClient();
  process.stdout.write(`dist/dyn-data.mjs: ${Math.round(sizeBytes / 1000)} kB from ${inputs.length} files\n`);
}
