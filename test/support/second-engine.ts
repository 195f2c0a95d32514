import { type NewerEngine, type NewerEngineOptions, startNewerEngine } from '../../scripts/newer-engine.ts';
import { runOrFail } from '../../scripts/run-command.ts';

/** Docker 28 beside the machine's engine, with these images of that one. */
export async function startSecondEngine(images: readonly string[], options: Omit<NewerEngineOptions, 'log'> = {}): Promise<NewerEngine> {
  const engine = await startNewerEngine({ ...options, log: (line) => void process.stderr.write(`${line}\n`) });
  try {
    const load = `docker save ${images.join(' ')} | DOCKER_HOST='${engine.env.DOCKER_HOST}' docker load`;
    await runOrFail('Copying images to the second engine', 'bash', ['-o', 'pipefail', '-c', load]);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}
