import type { ColumnSurvey } from '../extraction.ts';
import { translated } from '../translated.ts';
import { ldapError } from './connection.ts';
import { entriesBelow } from './entries.ts';
import type { Search } from './search.ts';
import { createEntryReader } from './wire-entries.ts';

const mostValuesRead = 1000;

/** Questions about the values of one attribute; `column` names it. An entry is read no further than the answer needs. */
export function ldapSurvey(sourceName: string, search: Search, bases: readonly string[]): ColumnSurvey {
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => ldapError(sourceName, error), work);
  async function* valuesOf(attribute: string, signal: AbortSignal): AsyncGenerator<readonly Uint8Array[]> {
    const { entry } = createEntryReader();
    const wanted = { filter: `(${attribute}=*)`, values: true, only: [attribute] };
    for await (const found of entriesBelow(search, bases, wanted, signal)) {
      for (const wire of found) yield [...entry(wire).attributes.values()].flat();
    }
  }
  return {
    values: (place, signal) =>
      guarded(async () => {
        const found: Uint8Array[] = [];
        for await (const values of valuesOf(place.column, signal)) {
          found.push(...values);
          if (found.length >= mostValuesRead) break;
        }
        return found;
      }),
    alike: async () => [],
    spellings: async () => [],
    count: (place, mostValues, mostRows, signal) =>
      guarded(async () => {
        const different = new Set<string>();
        let rows = 0;
        for await (const values of valuesOf(place.column, signal)) {
          rows += 1;
          for (const value of values) different.add(Buffer.from(value).toString('latin1'));
          if (different.size >= mostValues) break;
        }
        return { values: Math.min(different.size, mostValues), rows: Math.min(rows, mostRows) };
      }),
  };
}
