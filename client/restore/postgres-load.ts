import type { ManifestTable } from '../../core/manifest.ts';
import { inParallel } from '../in-parallel.ts';
import type { ServiceContainer } from '../service-container.ts';
import { bySize, restoreFailed, tableLabel } from './data-service.ts';
import { done } from './postgres-progress.ts';
import { errorCode, type Psql, qualified } from './postgres-psql.ts';

/** More do not load faster on the small machines of developers: the server's own processes want the cores. */
export const sessionsAtOnce = 2;

/** Large objects are loaded through a view. */
const largeObjectSchema = 'pg_catalog';

export const tableStep = (table: ManifestTable): string => `table ${table.path}`;

/**
 * Loads tables over several sessions, the largest first, each table in one transaction that also notes it: a cut input never commits.
 * @throws RESTORE_FAILED naming the table, and what reading the image throws
 */
export async function loadTables(
  { container, psql, database }: { readonly container: ServiceContainer; readonly psql: Psql; readonly database: string },
  tables: readonly ManifestTable[],
  rowsOf: (table: ManifestTable) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const queue = bySize(tables);
  const session = async (_number: number, signal: AbortSignal): Promise<void> => {
    const taken: ManifestTable[] = [];
    const input = async function* (): AsyncGenerator<Uint8Array> {
      for (let table = queue.shift(); table; table = queue.shift()) {
        taken.push(table);
        yield Buffer.from(before(table));
        yield* rowsOf(table);
        yield Buffer.from(`\\.\n${done(tableStep(table))}COMMIT;\nSELECT 'loaded';\n`);
      }
    };
    const result = await psql.script(database, input(), { signal });
    if (result.exitCode === 0) return;
    const loaded = result.stdout.split('\n').filter((line) => line === 'loaded').length;
    const table = taken[loaded];
    throw restoreFailed(container, table ? `Loading the table ${tableLabel(table)}` : 'Loading tables', errorCode(result));
  };
  const numbers = Array.from({ length: Math.min(sessionsAtOnce, queue.length) }, (_, number) => number);
  await inParallel(numbers, sessionsAtOnce, session);
}

/**
 * Rows that are written into a table of the same transaction are frozen at once: nothing has to be marked as visible, and written again, by
 * whoever reads them first; and a server without archive writes no log of them.
 */
function before(table: ManifestTable): string {
  if (table.schema === largeObjectSchema) return `BEGIN;\n${table.load};\n`;
  const load = table.load.endsWith(' FROM STDIN') ? `${table.load} WITH (FREEZE)` : table.load;
  return `BEGIN;\nTRUNCATE TABLE ONLY ${qualified(table)};\n${load};\n`;
}
