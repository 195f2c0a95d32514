import { type Client, Control, type Entry, ResultCodeError } from 'ldapts';
import type { DirectoryEntry } from '../../anonymizers/index.ts';

/** Of whole entries, with their pictures. */
const entriesPerPage = 100;
/** Of entries with few attributes, or without values. */
const smallEntriesPerPage = 1000;
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

/** @param buffers attributes that are read as bytes. @param only no others are read */
export type Wanted = { readonly filter: string; readonly values: boolean; readonly buffers: readonly string[]; readonly only?: boolean };

/** All entries below the base with user and operational attributes, page by page. A page is asked for when the one before was taken. */
export async function* pages(client: Client, base: string, wanted: Wanted, signal: AbortSignal): AsyncGenerator<Entry[]> {
  const manage = new Control(manageDsaIt, { critical: false });
  yield* search(client, base, wanted, [manage], signal);
  try {
    yield* search(client, base, wanted, [manage, new SubentriesControl()], signal);
  } catch (error) {
    // A server that does not know them has none.
    if (!(error instanceof ResultCodeError) || error.code !== unavailableCriticalExtension) throw error;
  }
}

async function* search(client: Client, base: string, wanted: Wanted, controls: Control[], signal: AbortSignal): AsyncGenerator<Entry[]> {
  const found = client.searchPaginated(
    base,
    {
      scope: 'sub',
      filter: wanted.filter,
      attributes: wanted.only ? [...wanted.buffers] : ['*', '+'],
      derefAliases: 'never',
      returnAttributeValues: wanted.values,
      explicitBufferAttributes: [...wanted.buffers],
      paged: { pageSize: wanted.only || !wanted.values ? smallEntriesPerPage : entriesPerPage },
    },
    controls,
  );
  for await (const { searchEntries } of found) {
    signal.throwIfAborted();
    for (const entry of searchEntries) for (const asked of ['*', '+']) delete entry[asked];
    yield searchEntries;
  }
}

/** Of several naming contexts, one after the other. */
export async function* pagesOfAll(client: Client, bases: readonly string[], wanted: Wanted, signal: AbortSignal): AsyncGenerator<Entry[]> {
  for (const base of bases) yield* pages(client, base, wanted, signal);
}

export function toDirectoryEntry({ dn, ...attributes }: Entry): DirectoryEntry {
  const values = Object.entries(attributes).map(([name, value]): [string, Uint8Array[]] => [
    name,
    (Array.isArray(value) ? value : [value]).map(toBytes),
  ]);
  return { dn, attributes: new Map(values.filter(([, list]) => list.length > 0)) };
}

function toBytes(value: Buffer | string): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
