import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectFolder } from '../../scripts/project-paths.ts';
import { runCommand } from '../../scripts/run-command.ts';

/** Which layers each layer may import (docs/design.md, section 3). */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  anonymizers: ['core'],
  storage: ['core'],
  builder: ['core', 'anonymizers', 'storage'],
  registry: ['core', 'storage'],
  client: ['core'],
};
const layers = Object.keys(allowed);
const imports = (layer: string): string => `import { thing } from '../${layer}/index.ts';\n\nthing();\n`;

let folder: string;
let refused: Set<string>;

/** A folder with the project's lint rules and one file for each import that could be, linted at once. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-layers-'));
  const { vcs: _needsGit, ...config } = JSON.parse(await readFile(join(projectFolder, 'biome.json'), 'utf8'));
  const files: Record<string, string> = {
    'biome.json': JSON.stringify(config),
    'core/reads-files.ts': "import { readFile } from 'node:fs/promises';\n\nreadFile('x');\n",
    'registry/main.ts': imports('builder'),
  };
  for (const layer of layers) for (const other of layers) if (other !== layer) files[`${layer}/imports-${other}.ts`] = imports(other);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const { stdout, stderr } = await runCommand('biome', ['lint', '--max-diagnostics=none', '--colors=off'], { cwd: folder });
  refused = new Set(
    [...`${stdout}${stderr}`.matchAll(/^(\S+\.ts):\d+:\d+ lint\/style\/noRestrictedImports/gm)].map(([, path]) => path ?? ''),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(layers)('an import against the order of the layers fails the lint: %s', (layer) => {
  for (const other of layers.filter((name) => name !== layer)) {
    expect(refused.has(`${layer}/imports-${other}.ts`), `${layer} imports ${other}`).toBe(!(allowed[layer] ?? []).includes(other));
  }
});

it('only the main file of the registry imports the builder, and core does no I/O', () => {
  expect(refused).not.toContain('registry/main.ts');
  expect(refused).toContain('core/reads-files.ts');
});
