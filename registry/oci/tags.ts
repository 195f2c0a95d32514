import { OciError } from '../oci-errors.ts';
import type { Handlers, OciPorts } from './handling.ts';
import { linkNext, parsePage, takePage } from './pages.ts';

/** `tags/list`, in the order of the characters' codes. */
export function tagHandlers({ catalog }: Pick<OciPorts, 'catalog'>): Handlers<'tags'> {
  return {
    async GET({ repository }, request, response, signal) {
      const { limit, ...after } = parsePage(request);
      const { items, isMore } = await takePage(catalog.tags(repository, { ...after, signal }), limit);
      if (items.length === 0 && !(await catalog.hasRepository(repository, signal)))
        throw new OciError('NAME_UNKNOWN', `The registry has no repository "${repository}".`);
      const tags = items.map(({ tag }) => tag);
      const last = tags.at(-1);
      if (isMore && last !== undefined) linkNext(response, `/v2/${repository}/tags/list`, { n: String(limit), last });
      response.json({ name: repository, tags });
    },
  };
}
