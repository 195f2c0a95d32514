import { afterAll, expect, it } from 'vitest';
import { memoryProof } from '../../demo/proofs/memory.ts';
import { removeSample, seedSample } from '../../sample/seed-sample.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';

const project = 'dyn-data-test-memory';

describeWithEngine('the builder at the size of the demo and at four times that size', () => {
  const sampleEnvironment = { ...process.env, SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
  const log = (line: string): void => void process.stderr.write(`${line}\n`);

  afterAll(async () => {
    await removeSample({ project, env: { ...sampleEnvironment, ...imageVariables() } });
  });

  it('has a peak memory that differs by less than 20 %', async () => {
    const images = imageVariables();
    const env = { ...sampleEnvironment, ...images };
    const connections = await seedSample({ size: 'demo', project, env, log });
    const postgresImage = images.POSTGRES_IMAGE ?? 'postgres:18';
    const { holds, text } = await memoryProof({
      connections,
      postgresImage,
      project: `${project}-x4`,
      sampleEnvironment: env,
      env: process.env,
      log,
    });
    log(text);
    expect(holds, text).toBe(true);
  });
});
