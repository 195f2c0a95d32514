import type { Request } from 'express';
import * as z from 'zod/mini';
import { parseValue } from '../core/index.ts';

const defaultPageSize = 100;

const querySchema = z.strictObject({
  limit: z.optional(z.string().check(z.regex(/^(?:[1-9]\d{0,2}|1000)$/, 'a number from 1 to 1000 expected'))),
  after: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
});

/** One page of what `list` gives after the query's `after`, and where the next page begins if there is one. */
export async function readPage<T>(
  request: Request,
  list: (after: { after?: string }) => AsyncIterable<T> | Iterable<T>,
  nameOf: (item: T) => string,
): Promise<{ items: T[]; next?: string }> {
  const { limit, after } = parseValue(querySchema, request.query, 'The query', 'REQUEST_INVALID');
  const pageSize = limit === undefined ? defaultPageSize : Number(limit);
  const items: T[] = [];
  for await (const item of list(after === undefined ? {} : { after })) {
    const last = items.at(-1);
    if (items.length === pageSize && last !== undefined) return { items, next: nameOf(last) };
    items.push(item);
  }
  return { items };
}
