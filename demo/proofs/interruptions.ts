import { join } from 'node:path';
import type { ProofContext } from '../prove.ts';
import { startRegistry } from '../registry-process.ts';

type Result = { readonly holds: boolean; readonly text: string };

/** A build and an `up`, each killed half way (SIGKILL), and what comes after. The registry that runs in the end is a new process. */
export async function proveInterruptions({
  developer,
  registry,
  registryFolder,
  configFile,
  tag,
}: ProofContext): Promise<{ results: Result[]; registryPid: number }> {
  const tags = async (): Promise<string> => (await developer.run(['ls', '--json'])).stdout;
  const results: Result[] = [];

  const before = await tags();
  const interrupted = 'never-finished';
  await developer.run(['snapshot', 'create', 'prod', '--tag', interrupted, '--follow'], { killWhen: /extract[\s\S]*[1-9]\d*/i });
  process.kill(registry.pid, 'SIGKILL');
  const again = await startRegistry(configFile, join(registryFolder, 'registry.log'));
  const after = await tags();
  const next = await developer.run(['snapshot', 'create', 'prod', '--tag', interrupted, '--follow', '--json']);
  results.push({
    holds: before === after && !after.includes(interrupted) && next.exitCode === 0,
    text: 'a build killed half way (registry process, SIGKILL) left nothing visible, and the next one succeeded',
  });

  await developer.run(['down', '-v']);
  await developer.run(['up', tag], { killWhen: /restor(?:ing|e).*\d/i });
  const status = await developer.run(['status', '--json']);
  const up = await developer.run(['up', tag, '--json']);
  const second = await developer.run(['up', tag, '--json']);
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
