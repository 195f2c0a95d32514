import type { Request, Response } from 'express';
import { OciError } from '../oci-errors.ts';
import { queryValue } from './handling.ts';

const maxPerPage = 1000;

/** What of a list a request wants: at most `limit` entries, behind `after`. */
export type Page = { readonly limit: number; readonly after?: string };

/** `n` and `last` of the query. @throws OciError PAGINATION_NUMBER_INVALID */
export function parsePage(request: Request): Page {
  const { n } = request.query;
  if (n !== undefined && !(typeof n === 'string' && /^\d{1,9}$/.test(n)))
    throw new OciError('PAGINATION_NUMBER_INVALID', 'n is no number.', { details: [{ n: String(n).slice(0, 100) }] });
  const last = parseLast(request);
  return { limit: Math.min(n === undefined ? maxPerPage : Number(n), maxPerPage), ...(last ? { after: last } : {}) };
}

/** The name behind which a page begins; it need not exist. @throws OciError NAME_INVALID for what no name can be. */
export function parseLast(request: Request): string | undefined {
  const last = queryValue(request, 'last');
  if (last !== undefined && !/^[\x21-\x7e]{0,300}$/.test(last)) throw new OciError('NAME_INVALID', 'last is no name.');
  return last;
}

/** The entries of one page, in the order in which they come, and whether there are more of them. */
export async function takePage<T>(entries: AsyncIterable<T>, limit: number): Promise<{ items: T[]; isMore: boolean }> {
  const items: T[] = [];
  for await (const entry of entries) {
    if (items.length >= limit) return { items, isMore: true };
    items.push(entry);
  }
  return { items, isMore: false };
}

/** Says where the next page is. */
export function linkNext(response: Response, path: string, parameters: Readonly<Record<string, string>>): void {
  response.set('Link', `<${path}?${new URLSearchParams(parameters)}>; rel="next"`);
}
