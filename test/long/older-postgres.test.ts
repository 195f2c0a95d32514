import { pgDumpCommand } from '../../demo/sample-registry.ts';
import { postgresRoundTrip } from '../round-trip/postgres-suite.ts';
import { imageVariables } from '../support/engine.ts';
import { olderImage } from '../support/older-image.ts';

const newest = (): string => imageVariables().POSTGRES_IMAGE ?? 'postgres:18';

for (const version of [13, 15, 17] as const) {
  postgresRoundTrip(`a hostile database of PostgreSQL ${version}`, {
    project: `dyn-data-test-postgres-${version}`,
    version,
    images: async () => {
      const image = await olderImage(`postgres-${version}`);
      return { source: image, target: image, pgDump: pgDumpCommand(image) };
    },
  });
  postgresRoundTrip(`a hostile database of PostgreSQL ${version}, restored into the newest version`, {
    project: `dyn-data-test-postgres-${version}-newest`,
    version,
    images: async () => ({ source: await olderImage(`postgres-${version}`), target: newest(), pgDump: pgDumpCommand(newest()) }),
  });
}
