import type { Request, Response } from 'express';
import { type CreatingRoute, canonicalJson, type Digest, DynDataError, digestOf, type JsonValue } from '../core/index.ts';
import type { KeptAnswer, RequestKeys } from '../storage/index.ts';
import { principalOf } from './access/request-context.ts';

const longestKey = 200;

/**
 * One making of something. `id` and `at` are the same whenever the request is sent with its key: whoever makes things under ids made of `id`
 * makes them once, also where the one who was asked first died in the middle.
 */
export type Creation = {
  readonly id: string;
  readonly at: Date;
  /** Whether the request was sent before, so that what it makes may be there already. */
  readonly isRepeated: boolean;
};

export type CreationHandler = (request: Request, response: Response, creation: Creation) => Promise<KeptAnswer>;

/** The header `Idempotency-Key` of what creates something: the same request with the same key gets the same answer, and nothing is made again. */
export type Creations = {
  /**
   * The answer of `create`, or of the time when this request was sent before.
   * @throws REQUEST_INVALID, IDEMPOTENCY_CONFLICT
   */
  answer(route: CreatingRoute, request: Request, response: Response, create: CreationHandler): Promise<KeptAnswer>;
};

export type CreationsOptions = { readonly keys: RequestKeys; readonly clock: () => Date; readonly newId: () => string };

export function createCreations({ keys, clock, newId }: CreationsOptions): Creations {
  return {
    async answer(route, request, response, create) {
      const key = keyOf(request, response);
      if (key === undefined) return create(request, response, { id: newId(), at: clock(), isRepeated: false });
      const claim = await keys.claim(key, digestOfRequest(request));
      if (claim.answer) return claim.answer;
      try {
        const made = await create(request, response, claim).catch((error: unknown) => {
          // Another one that was sent with this key made it between our look and our try.
          if (isTaken(error, claim.isRepeated)) return create(request, response, { ...claim, isRepeated: true });
          throw error;
        });
        // Nobody may read a secret again, and so nobody gets it twice.
        if (route.creates !== 'secret') await keys.keep(key, made);
        return made;
      } catch (error) {
        // One that is refused has made nothing, and may be sent again put right.
        if (!claim.isRepeated && isRefusal(error)) await keys.release(key);
        throw error;
      }
    },
  };
}

function keyOf(request: Request, response: Response): Digest | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined) return undefined;
  // Of the token that asks: another one's key must not give it this one's answer.
  const { kind, id = kind } = principalOf(response);
  if (key !== '' && key.length <= longestKey) return digestOf(`${id}\0${key}`);
  throw new DynDataError('REQUEST_INVALID', `The header Idempotency-Key is not valid. Send 1 to ${longestKey} characters.`);
}

function digestOfRequest({ method, originalUrl, body }: Request): Digest {
  return digestOf(`${method} ${originalUrl}\0${body === undefined ? '' : canonicalJson(body as JsonValue)}`);
}

function isTaken(error: unknown, isRepeated: boolean): boolean {
  return error instanceof DynDataError && (error.code === 'CONFLICT' || (isRepeated && error.code === 'SCHEDULE_EXISTS'));
}

function isRefusal(error: unknown): boolean {
  return error instanceof DynDataError && error.httpStatus < 500 && !error.retryable && error.code !== 'CANCELLED';
}
