import type { ProofContext } from '../prove.ts';
import { openSystem, sampleSystem } from '../systems.ts';
import { layerDigests, newLayers } from './layers.ts';

/** The same data gives the same image; one changed row changes its layer and the manifest's, and undoing it gives the first image again. */
export async function proveSameDigest({
  connections,
  developer,
  registry,
}: Pick<ProofContext, 'connections' | 'developer' | 'registry'>): Promise<{ holds: boolean; text: string }[]> {
  const build = async (): Promise<string> => {
    const { exitCode, stdout, stderr } = await developer.run(['snapshot', 'create', 'prod', '--follow', '--json']);
    if (exitCode !== 0) throw new Error(`a build failed: ${stderr.slice(-500)}`);
    return (JSON.parse(stdout) as { digest: string }).digest;
  };
  await using source = await openSystem(sampleSystem(connections));
  const first = await build();
  const second = await build();
  const [row] = await source.mysql('SELECT id, cost FROM dynamease.calls ORDER BY id LIMIT 1 OFFSET 100');
  await source.mysql('UPDATE dynamease.calls SET cost = cost + 1 WHERE id = ?', [row?.id]);
  const changed = await build();
  await source.mysql('UPDATE dynamease.calls SET cost = ? WHERE id = ?', [row?.cost, row?.id]);
  const undone = await build();
  const [before, after] = [await layerDigests(registry.url, 'dynamease', first), await layerDigests(registry.url, 'dynamease', changed)];
  const fresh = newLayers(before, after);
  return [
    { holds: first === second, text: `the same build twice: ${first.slice(0, 19)} and ${second.slice(0, 19)}` },
    {
      holds: changed !== first && before.length === after.length && fresh === 2,
      text: `one changed row: ${fresh} of ${after.length} layers are new, that of its chunk and that of the manifest`,
    },
    { holds: undone === first, text: 'the row changed back: the first digest again' },
  ];
}
