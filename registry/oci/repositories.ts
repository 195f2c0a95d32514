import type { Handlers, OciPorts } from './handling.ts';
import { linkNext, parsePage, takePage } from './pages.ts';

/** `_catalog`, as Docker's registry has it: the names of the repositories that the sender may pull from. */
export function catalogHandlers({ catalog, guard }: Pick<OciPorts, 'catalog' | 'guard'>): Handlers<'catalog'> {
  return {
    async GET(_address, request, response, signal) {
      const { limit, after } = parsePage(request);
      const names = async function* (): AsyncGenerator<string> {
        for await (const name of catalog.repositories(signal)) {
          if ((after === undefined || name > after) && guard.mayPull(name, request)) yield name;
        }
      };
      const { items, isMore } = await takePage(names(), limit);
      const last = items.at(-1);
      if (isMore && last !== undefined) linkNext(response, '/v2/_catalog', { n: String(limit), last });
      response.json({ repositories: items });
    },
  };
}
