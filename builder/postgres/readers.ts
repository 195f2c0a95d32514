import type { Client } from 'pg';
import type { Lent } from '../lending.ts';

type Place = { client: Client; isLost: boolean; isLent: boolean };

/** The reading connections of a session: lent to one borrower at a time, as createLending does, and opened again where they were lost. */
export type Readers = AsyncDisposable & {
  readonly clients: readonly Client[];
  borrow(): Promise<Lent<Client>>;
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
  const waiting: ((place: Place) => void)[] = [];
  /** A lost one comes last: another borrower may be opening it again at this moment. */
  const free = (): Place | undefined => {
    const those = places.filter(({ isLent }) => !isLent);
    return those.find(({ isLost }) => !isLost) ?? those[0];
  };
  const giveBack = (place: Place): void => {
    place.isLent = false;
    const next = waiting.shift();
    if (!next) return;
    // Before anybody else can take it.
    place.isLent = true;
    next(place);
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
    async borrow() {
      const place = free() ?? (await new Promise<Place>((resolve) => waiting.push(resolve)));
      place.isLent = true;
      return { item: place.client, [Symbol.asyncDispose]: async () => giveBack(place) };
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
          giveBack(places[index] as Place);
        }
        await end(place.client);
      }
    },
    [Symbol.asyncDispose]: dispose,
  };
}
