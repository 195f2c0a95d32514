import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { projectFolder } from '../../scripts/project-paths.ts';
import { runCommand } from '../../scripts/run-command.ts';

it('what is random is right many times over', async () => {
  const files: string[] = [];
  for await (const file of glob('test/**/*.test.ts', { cwd: projectFolder })) {
    const isLong = file.startsWith(join('test', 'long'));
    if (!isLong && readFileSync(join(projectFolder, file), 'utf8').includes('/many-times.ts')) files.push(file);
  }
  expect(files.map((file) => basename(file))).toContain('fuzz.test.ts');
  const env = { DYN_DATA_MANY_TIMES: '1', NO_COLOR: '1' };
  const { exitCode, stdout, stderr } = await runCommand('vitest', ['run', '--project', 'unit', '--project', 'redis', ...files.sort()], {
    cwd: projectFolder,
    env,
  });
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
});
