import { isUtf8 } from 'node:buffer';
import {
  compilePolicy,
  type DirectoryEntry,
  type DirectoryPlan,
  parsePolicy,
  type TablePlan,
  type Value,
} from '../../anonymizers/index.ts';
import { DynDataError, type PolicyPreview } from '../../core/index.ts';
import type { BuildEnvironment } from '../environment.ts';
import { withLiveSystem } from './live-system.ts';

type PreviewTable = PolicyPreview['tables'][number];
type Cell = PreviewTable['rows'][number][number];

/** Of one value, in characters. */
const shownChars = 200;

/**
 * A few real rows of every table beside what a snapshot would hold in their place. Nothing is written anywhere; the caller shows it to one
 * person and forgets it.
 * @throws DynDataError as a build does before it reads a row.
 */
export async function previewPolicy(environment: BuildEnvironment, rows: number, signal: AbortSignal): Promise<PolicyPreview> {
  const key = await environment.key();
  const policy = parsePolicy(await environment.policyText(), environment.policyFile);
  return withLiveSystem(environment, signal, async (system) => {
    const plan = compilePolicy({ policy, key, sources: system.map(({ live }) => live) });
    const previews: (() => PreviewTable)[] = [];
    for (const { session, live } of system) {
      for await (const sample of session.sample(rows, signal)) {
        if (sample.kind === 'directory') {
          const directory = plan.directory(live.name);
          const entries = sample.entries.slice(0, rows);
          if (plan.known) for (const entry of entries) directory.identities?.observe(entry, plan.known);
          previews.push(() => previewEntries(live.name, entries, directory));
          continue;
        }
        const table =
          live.kind === 'ldap' ? undefined : live.tables.find(({ schema, name }) => schema === sample.schema && name === sample.name);
        const tablePlan = plan.table(live.name, sample.schema, sample.name);
        if (!table || tablePlan.rows === 'none') continue;
        const shown = sample.rows.slice(0, rows);
        if (plan.known) for (const row of shown) tablePlan.identities?.observe(row, plan.known);
        const names = table.columns.map(({ name }) => name);
        const section = `${table.schema}.${table.name}`;
        previews.push(() => ({ source: live.name, section, ...previewRows(shown, names, tablePlan) }));
      }
    }
    // In prose only the people of the rows that are shown are known: a build knows all.
    plan.known?.complete();
    return { version: 1, environment: environment.name, tables: previews.map((preview) => preview()) };
  });
}

function previewRows(
  rows: readonly (readonly Value[])[],
  names: readonly string[],
  plan: TablePlan,
): Pick<PreviewTable, 'rows' | 'problems'> {
  const problems: string[] = [];
  const shown = rows.flatMap((row): Cell[][] => {
    const masked = [...row];
    const problem = problemOf(() => plan.transform(masked));
    if (problem !== undefined) {
      problems.push(problem);
      return [];
    }
    return [names.map((name, index) => ({ name, before: shownValue(row[index] ?? null), after: shownValue(masked[index] ?? null) }))];
  });
  return { rows: shown, problems };
}

function previewEntries(source: string, entries: readonly DirectoryEntry[], plan: DirectoryPlan): PreviewTable {
  const problems: string[] = [];
  const rows = entries.flatMap((entry): Cell[][] => {
    let masked: DirectoryEntry | undefined;
    const problem = problemOf(() => {
      masked = plan.transform(entry);
    });
    if (problem !== undefined || !masked) {
      if (problem !== undefined) problems.push(problem);
      return [];
    }
    const after = masked.attributes;
    const joined = (values: readonly Uint8Array[] | undefined): string | null =>
      values?.map((value) => shownValue(value) ?? '').join(' | ') ?? null;
    const cells = [...entry.attributes].map(([name, values]) => ({ name, before: joined(values), after: joined(after.get(name)) }));
    return [[{ name: 'dn', before: entry.dn, after: masked.dn }, ...cells]];
  });
  return { source, section: 'entries', rows, problems };
}

/** Why a row cannot be anonymized; it names the place and no value. */
function problemOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof DynDataError && error.code === 'DATA_UNMASKABLE') return error.message;
    throw error;
  }
}

function shownValue(value: Value): string | null {
  if (value === null) return null;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (!isUtf8(bytes)) return `(${bytes.length} bytes)`;
  const text = bytes.toString('utf8');
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
}
