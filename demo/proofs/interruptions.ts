import { join } from 'node:path';
import { registryFolder, tag } from '../layout.ts';
import type { ProofContext } from '../prove.ts';
import { startRegistry } from '../registry-process.ts';
import { runClient } from '../run-client.ts';

type Result = { readonly holds: boolean; readonly text: string };

/** A build and an `up`, each killed half way (SIGKILL), and what comes after. The registry that runs in the end is a new process. */
export async function proveInterruptions({
  env,
  registry,
  configFile,
}: Pick<ProofContext, 'env' | 'registry' | 'configFile'>): Promise<{ results: Result[]; registryPid: number }> {
  const tags = async (): Promise<string> => (await runClient(['ls', '--json'], { env })).stdout;
  const results: Result[] = [];

  const before = await tags();
  const interrupted = 'never-finished';
  const watching = runClient(['snapshot', 'create', 'prod', '--tag', interrupted, '--follow'], {
    env,
    killWhen: /extract[\s\S]*[1-9]\d*/i,
  });
  await watching;
  process.kill(registry.pid, 'SIGKILL');
  const again = await startRegistry(configFile, join(registryFolder, 'registry.log'));
  const after = await tags();
  const next = await runClient(['snapshot', 'create', 'prod', '--tag', interrupted, '--follow', '--json'], { env });
  results.push({
    holds: before === after && !after.includes(interrupted) && next.exitCode === 0,
    text: 'a build killed half way (registry process, SIGKILL) left nothing visible, and the next one succeeded',
  });

  await runClient(['down', '-v'], { env });
  await runClient(['up', tag], { env, killWhen: /restor(?:ing|e).*\d/i });
  const status = await runClient(['status', '--json'], { env });
  const up = await runClient(['up', tag, '--json'], { env });
  const second = await runClient(['up', tag, '--json'], { env });
  const restoredAgain = /"outcome":\s*"restored"/.test(up.stdout);
  const nothingSecond = !/"outcome":\s*"restored"/.test(second.stdout);
  results.push({
    holds:
      status.exitCode === 0 && !allRestored(status.stdout) && up.exitCode === 0 && restoredAgain && second.exitCode === 0 && nothingSecond,
    text: 'an up killed half way was not taken for done: the next up restored and verified, the one after it restored nothing',
  });
  return { results, registryPid: again.pid };
}

/** Whether every data service counts as restored. */
function allRestored(statusJson: string): boolean {
  const { services } = JSON.parse(statusJson) as { services: { source?: string; snapshot?: { state?: string } }[] };
  const data = services.filter(({ source }) => source !== undefined);
  return data.length > 0 && data.every(({ snapshot }) => snapshot?.state === 'restored');
}
