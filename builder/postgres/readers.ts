import type { Client } from 'pg';
import { DynDataError } from '../../core/index.ts';
import type { Lent } from '../lending.ts';

type Place = { client: Client; isLost: boolean; isLent: boolean };

/** The reading connections of a session: lent to one borrower at a time, and opened again where they were lost. */
export type Readers = AsyncDisposable & {
  readonly clients: readonly Client[];
  borrow(): Lent<Client>;
  /** Opens those again that were lost and are not lent. */
  replaceLost(): Promise<void>;
};

/** @param open a connection that has not joined the point yet @param join has it read at the point @param end closes one, also a dead one */
export async function openReaders(options: {
  readonly count: number;
  readonly open: () => Promise<Client>;
  readonly join: (client: Client) => Promise<void>;
  readonly end: (client: Client) => Promise<void>;
}): Promise<Readers> {
  const { count, open, join, end } = options;
  const places: Place[] = [];
  const take = async (): Promise<Place> => {
    const place = { client: await open(), isLost: false, isLent: false };
    // Known before the statement that was being run fails, so that whoever mends this sees it.
    place.client.on('error', () => {
      place.isLost = true;
    });
    return place;
  };
  const dispose = async (): Promise<void> => {
    await Promise.all(places.map(({ client }) => end(client)));
  };
  try {
    for (let index = 0; index < count; index += 1) places.push(await take());
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    get clients() {
      return places.map(({ client }) => client);
    },
    borrow() {
      // A lost one comes last: another borrower may be opening it again at this moment.
      const free = places.filter(({ isLent }) => !isLent);
      const place = free.find(({ isLost }) => !isLost) ?? free[0];
      if (!place) throw new DynDataError('INTERNAL', 'More tables are being read than the source has connections.');
      place.isLent = true;
      return {
        item: place.client,
        [Symbol.asyncDispose]: async () => {
          place.isLent = false;
        },
      };
    },
    async replaceLost() {
      for (const [index, place] of places.entries()) {
        if (!place.isLost || place.isLent) continue;
        place.isLent = true;
        try {
          const fresh = await take();
          try {
            await join(fresh.client);
          } catch (error) {
            await end(fresh.client);
            throw error;
          }
          places[index] = fresh;
        } finally {
          place.isLent = false;
        }
        await end(place.client);
      }
    },
    [Symbol.asyncDispose]: dispose,
  };
}
