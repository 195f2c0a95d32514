import { Control, ResultCodeError } from 'ldapts';
import type { Search } from './search.ts';
import { createEntryReader, type WireEntry } from './wire-entries.ts';

/** Referral objects are read as entries, not followed (RFC 3296). */
const manageDsaIt = '2.16.840.1.113730.3.4.2';

/** Subentries are seen only by who asks for them, and then alone (RFC 3672). */
const subentries = '1.3.6.1.4.1.4203.1.10.1';
const unavailableCriticalExtension = 12;

class SubentriesControl extends Control {
  constructor() {
    super(subentries, { critical: true });
  }

  /** BER of TRUE: they are wanted. */
  protected override writeControl(writer: { writeBuffer(value: Buffer, tag: number): void }): void {
    writer.writeBuffer(Buffer.of(0x01, 0x01, 0xff), 0x04);
  }
}

export const everything = '(objectClass=*)';

/** @param only no other attributes are read; absent for all, operational ones too */
export type Wanted = { readonly filter: string; readonly values: boolean; readonly only?: readonly string[] };

/** All entries of the naming contexts, one context after the other, in batches as they come. */
export async function* entriesBelow(
  search: Search,
  bases: readonly string[],
  { filter, values, only }: Wanted,
  signal: AbortSignal,
): AsyncGenerator<readonly WireEntry[]> {
  const manage = new Control(manageDsaIt, { critical: false });
  const attributes = only ?? ['*', '+'];
  for (const base of bases) {
    const wanted = { base, scope: 'sub', attributes, values } as const;
    yield* search({ ...wanted, filter, controls: [manage] }, signal);
    // By their class, which servers index: to be told that none of the entries is one, each would be looked at once more.
    const ofSubentries = filter === everything ? '(objectClass=subentry)' : `(&(objectClass=subentry)${filter})`;
    try {
      yield* search({ ...wanted, filter: ofSubentries, controls: [manage, new SubentriesControl()] }, signal);
    } catch (error) {
      // A server that does not know them has none.
      if (!(error instanceof ResultCodeError) || error.code !== unavailableCriticalExtension) throw error;
    }
  }
}

/** One entry's texts, by attribute in lower case; none where it is not there. */
export async function readTexts(
  search: Search,
  dn: string,
  attributes: readonly string[],
  signal: AbortSignal,
  filter = everything,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { entry } = createEntryReader();
  const texts = new Map<string, readonly string[]>();
  for await (const found of search({ base: dn, scope: 'base', filter, attributes, values: true, controls: [] }, signal)) {
    for (const [name, values] of found.flatMap((wire) => [...entry(wire).attributes]))
      texts.set(
        name.toLowerCase(),
        values.map((value) => Buffer.from(value).toString('utf8')),
      );
  }
  return texts;
}
