import type { Request } from 'express';
import * as z from 'zod/mini';
import { parseValue } from '../core/index.ts';

const defaultPageSize = 100;

const pageShape = {
  limit: z.optional(z.string().check(z.regex(/^(?:[1-9]\d{0,2}|1000)$/, 'a number from 1 to 1000 expected'))),
  after: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
};

/** One page of what `list` gives after the query's `after`, and where the next page begins if there is one. */
export async function readPage<T>(
  request: Request,
  list: (after: { after?: string }) => AsyncIterable<T> | Iterable<T>,
  nameOf: (item: T) => string,
): Promise<{ items: T[]; next?: string }> {
  return readFilteredPage(request, {}, (options) => list(options), nameOf);
}

/** Likewise, where the query may also hold the keys of `filters`. */
export async function readFilteredPage<T, F extends z.core.$ZodShape>(
  request: Request,
  filters: F,
  list: (options: { after?: string }, filter: z.infer<z.ZodMiniObject<F>>) => AsyncIterable<T> | Iterable<T>,
  nameOf: (item: T) => string,
): Promise<{ items: T[]; next?: string }> {
  const { limit, after } = parseValue(z.object(pageShape), request.query, 'The query', 'REQUEST_INVALID');
  const others = Object.fromEntries(Object.entries(request.query).filter(([key]) => !Object.hasOwn(pageShape, key)));
  const filter = parseValue(z.strictObject(filters), others, 'The query', 'REQUEST_INVALID');
  const pageSize = limit === undefined ? defaultPageSize : Number(limit);
  const items: T[] = [];
  for await (const item of list(after === undefined ? {} : { after }, filter)) {
    const last = items.at(-1);
    if (items.length === pageSize && last !== undefined) return { items, next: nameOf(last) };
    items.push(item);
  }
  return { items };
}
