import type { Digest } from '../../core/digest.ts';
import { literal, type Psql } from './postgres-psql.ts';

/** In the database that is restored, so that it lives and dies with its data; gone when the restore is done. */
const schema = '"dyn-data restore"';
const steps = `${schema}.steps`;

/**
 * What a restore has done already. Each step is noted in the transaction that does it; one that cannot be done in one transaction is noted
 * before it, as begun, and after it.
 */
export type PostgresProgress = {
  /** The steps that are done; undefined where there is nothing to go on with: another snapshot, or a step that was cut half way. */
  read(digest: Digest): Promise<ReadonlySet<string> | undefined>;
  /** To be called when the structure is there, and no row. */
  begin(digest: Digest): Promise<void>;
  drop(): Promise<void>;
};

const begun = 'begun ';

/** SQL that notes a step as done. */
export const done = (step: string): string => `INSERT INTO ${steps} VALUES (${literal(step)});\n`;
export const startsNow = (step: string): string => done(`${begun}${step}`);

export function createPostgresProgress(psql: Psql, database: string): PostgresProgress {
  return {
    async read(digest) {
      const [known] = await psql.query('Looking for an earlier restore', database, `SELECT to_regclass(${literal(steps)}) IS NOT NULL`);
      if (known !== 't') return undefined;
      const found = new Set(await psql.query('Looking for an earlier restore', database, `SELECT step FROM ${steps}`));
      const isCut = [...found].some((step) => step.startsWith(begun) && !found.has(step.slice(begun.length)));
      return found.has(digest) && !isCut ? found : undefined;
    },
    async begin(digest) {
      await psql.query(
        'Noting the beginning',
        database,
        `BEGIN; CREATE SCHEMA ${schema}; CREATE TABLE ${steps} (step text PRIMARY KEY); ${done(digest)} COMMIT`,
      );
    },
    async drop() {
      await psql.query(
        'Noting the end',
        database,
        // The snapshot's own event triggers are none of this, where we may say so. With its commit all that were before it are on the disk.
        `SELECT set_config('session_replication_role', 'replica', false) FROM pg_roles WHERE rolname = current_user AND rolsuper; SET synchronous_commit = on; SET client_min_messages = error; DROP SCHEMA IF EXISTS ${schema} CASCADE`,
      );
    },
  };
}
