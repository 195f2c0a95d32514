import type { ManifestSource } from '../../core/manifest.ts';
import { inParallel } from '../in-parallel.ts';
import type { ServiceContainer } from '../service-container.ts';
import { restoreFailed } from './data-service.ts';
import { sessionsAtOnce } from './postgres-load.ts';
import { done, startsNow } from './postgres-progress.ts';
import { errorCode, type Psql, quote, sqlState } from './postgres-psql.ts';
import { type Part, partsOf } from './postgres-statements.ts';

/** Parts that may be done at once, or one that comes alone. */
type Stage = { readonly settings: string; readonly parts: readonly (Part & { readonly step: string })[] };

const deadlock = '40P01';

/**
 * Runs a script of pg_dump for after the rows: indexes and keys of different tables at once, then what follows in the script, in its order.
 * What `steps` has is done already.
 * @throws RESTORE_FAILED naming the script
 */
export async function runAfter(
  target: { readonly container: ServiceContainer; readonly psql: Psql; readonly database: string },
  source: ManifestSource,
  script: { readonly path: string; readonly text: string },
  steps: ReadonlySet<string>,
): Promise<void> {
  const { container, psql, database } = target;
  const run = async (sql: string, signal?: AbortSignal) => psql.script(database, sql, signal === undefined ? {} : { signal });
  const failed = (result: Parameters<typeof errorCode>[0]) => restoreFailed(container, `Running ${script.path}`, errorCode(result));
  const weightOf = weights(source);

  for (const { settings, parts } of stagesOf(script)) {
    const left = parts.filter(({ step }) => !steps.has(step));
    const [first] = left;
    if (!first) continue;
    if (first.kind === 'other') {
      const result = await run(`${settings}${startsNow(first.step)}${first.text}\n${done(first.step)}`);
      if (result.exitCode !== 0) throw failed(result);
      continue;
    }
    const late: Part[] = [];
    await inParallel(share(left, weightOf), sessionsAtOnce, async (own, signal) => {
      const result = await run(settings + own.map(inTransaction).join(''), signal);
      // What waits for each other in a circle is done one after the other.
      if (result.exitCode !== 0 && sqlState(result) === deadlock) {
        const count = result.stdout.split('\n').filter((line) => line === 'done').length;
        late.push(...own.slice(count));
      } else if (result.exitCode !== 0) throw failed(result);
    });
    if (late.length === 0) continue;
    const result = await run(settings + (late as (Part & { step: string })[]).map(inTransaction).join(''));
    if (result.exitCode !== 0) throw failed(result);
  }
}

const inTransaction = ({ text, step }: { readonly text: string; readonly step: string }): string =>
  `BEGIN;\n${text}\n${done(step)}COMMIT;\nSELECT 'done';\n`;

/** Neighbours of one kind can be done at once, since pg_dump puts what others need before them. */
function stagesOf({ path, text }: { readonly path: string; readonly text: string }): Stage[] {
  const stages: { settings: string; parts: (Part & { step: string })[] }[] = [];
  let settings = '';
  for (const [number, part] of partsOf(text).entries()) {
    if (part.kind === 'setting') {
      settings += `${part.text}\n`;
      continue;
    }
    const last = stages.at(-1);
    const own = { ...part, step: `${path} ${number}` };
    if (part.kind !== 'other' && last?.parts[0]?.kind === part.kind && last.settings === settings) last.parts.push(own);
    else stages.push({ settings, parts: [own] });
  }
  return stages;
}

/** The statements of a table stay together, since they wait for each other's locks; the heaviest tables are dealt out first. */
function share<T extends Part>(parts: readonly T[], weightOf: (table: string) => number): T[][] {
  const tables = [...Map.groupBy(parts, ({ table = '' }) => table)].map(([table, own]) => ({ own, weight: weightOf(table) * own.length }));
  const shares = Array.from({ length: sessionsAtOnce }, () => ({ parts: [] as T[], weight: 0 }));
  for (const { own, weight } of tables.sort((a, b) => b.weight - a.weight)) {
    const least = shares.reduce((a, b) => (b.weight < a.weight || (b.weight === a.weight && b.parts.length < a.parts.length) ? b : a));
    least.parts.push(...own);
    least.weight += weight;
  }
  return shares.map((one) => one.parts).filter((own) => own.length > 0);
}

/** By the bytes of a table's rows; the name as pg_dump writes it, with quotes where it needs them. */
function weights(source: ManifestSource): (table: string) => number {
  const bytes = new Map(source.tables.map(({ schema, name, sizeBytes }) => [`${quote(schema)}.${quote(name)}`, sizeBytes]));
  const plainName = /(^|\.)([a-z_][a-z0-9_$]*)(?=\.|$)/g;
  return (table) => bytes.get(table.replaceAll(plainName, '$1"$2"')) ?? 0;
}
