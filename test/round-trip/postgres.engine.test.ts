import { imageVariables, pgDumpOfRun } from '../support/engine.ts';
import { postgresRoundTrip } from './postgres-suite.ts';

postgresRoundTrip('a hostile PostgreSQL database, all columns kept', {
  project: 'dyn-data-test-round-trip-postgres',
  version: 18,
  images: async () => {
    const image = imageVariables().POSTGRES_IMAGE ?? 'postgres:18';
    return { source: image, target: image, pgDump: pgDumpOfRun() };
  },
});
