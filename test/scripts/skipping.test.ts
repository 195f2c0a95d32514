import { expect, it } from 'vitest';
import { projectFolder } from '../../scripts/project-paths.ts';
import { runCommand } from '../../scripts/run-command.ts';

it('without an engine the tests that need one are skipped with the reason, not passed', { timeout: 120_000 }, async () => {
  const args = ['run', '--project', 'engine', '--reporter', 'verbose', 'test/client/container-shell.engine.test.ts'];
  const { exitCode, stdout, stderr } = await runCommand('vitest', args, {
    cwd: projectFolder,
    env: { DYN_DATA_NO_ENGINE: '1', NO_COLOR: '1' },
  });
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/Tests\s+(\d+) skipped \(\1\)/);
  expect(stdout).not.toMatch(/\d+ passed/);
  expect(stdout).toContain('DYN_DATA_NO_ENGINE=1 is set');
});
