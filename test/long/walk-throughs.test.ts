import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithEngine } from '../support/engine.ts';
import { sampleForTests } from '../support/sample-for-tests.ts';
import { walkThrough } from '../support/walk-through.ts';
import { openWholeWay, type WholeWay } from '../support/whole-way.ts';

/** That every command in them is one of the client's: test/client/command-line.test.ts. */
describeWithEngine('the five minutes', () => {
  const sample = sampleForTests({ size: 'small', project: 'dyn-data-test-walk-production' });
  let way: WholeWay;

  beforeAll(async () => {
    way = await openWholeWay({ connections: sample(), stackProject: 'dyn-data-test-walk-copy', nginxPort: 8157 });
    const { developer, tag } = way.context;
    const created = await developer.run(['snapshot', 'create', 'prod', '--tag', tag, '--follow']);
    expect(created.exitCode, created.stderr).toBe(0);
  });

  afterAll(() => way?.[Symbol.asyncDispose]());

  it.each(['tester', 'operator', 'developer'])('of a %s run as they are written', async (who) => {
    const { developer, tag } = way.context;
    if (who === 'tester') expect(await developer.run(['pull', tag])).toMatchObject({ exitCode: 0 });
    const walked = await walkThrough(`walk-through-${who}.md`, {
      cwd: developer.folder,
      env: { ...developer.env } as Record<string, string>,
    });
    expect(walked, walked.stdout + walked.stderr).toMatchObject({ exitCode: 0 });
  });
});
