import { type AuditHead, type AuditLog, auditHeadSchema, DynDataError, parseValue, routes } from '../../core/index.ts';
import type { AddRoute } from '../add-route.ts';
import { readPage } from '../pages.ts';
import { untilClosed } from '../streaming.ts';

export function addAuditRoutes(on: AddRoute, audit: AuditLog): void {
  on(routes.listAudit, async (request, response) => {
    const signal = untilClosed(response);
    response.json(
      await readPage(
        request,
        ({ after }) => audit.entries({ ...(after === undefined ? {} : { below: numberOf(after) }), signal }),
        ({ number }) => String(number),
      ),
    );
  });

  on(routes.verifyAudit, async (request, response) => {
    const known = headOf(request.query.head);
    response.json(await audit.verify({ ...(known && { known }), signal: untilClosed(response) }));
  });
}

function numberOf(after: string): number {
  if (/^\d{1,15}$/.test(after)) return Number(after);
  throw new DynDataError('REQUEST_INVALID', 'after is the number of an entry; the page begins below it.');
}

function headOf(head: unknown): AuditHead | undefined {
  if (head === undefined) return undefined;
  const [, number = '', hash = ''] = /^(\d{1,15}):(.+)$/.exec(String(head)) ?? [];
  return parseValue(
    auditHeadSchema,
    { number: number === '' ? undefined : Number(number), hash },
    'head (NUMBER:sha256:…)',
    'REQUEST_INVALID',
  );
}
