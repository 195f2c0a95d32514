import type { Request, Response } from 'express';
import type { BlobReader, Catalog, Uploads } from '../../core/index.ts';
import type { OpenPush } from '../../storage/index.ts';
import type { OciAddress } from './addresses.ts';
import type { OciGuard } from './guard.ts';

/** What the endpoint works on. */
export type OciPorts = {
  readonly blobs: BlobReader;
  readonly catalog: Catalog;
  /** The catalog for changes that this request makes, each of which is recorded. */
  readonly changing: (response: Response) => Catalog;
  /** Removes a manifest that is told in the log of sweeps already. */
  readonly takingBack: (response: Response) => Pick<Catalog, 'removeManifest'>;
  readonly uploads: Uploads;
  /** Opened by each request that says that something is there, or relies on it. */
  readonly openPush: OpenPush;
  readonly guard: OciGuard;
  /** How long a client may send nothing of a body that it has begun. */
  readonly bodyStallTimeoutMs: number;
};

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

type AddressOf<K extends OciAddress['kind']> = Extract<OciAddress, { kind: K }>;

/** `signal` fires when the client is gone. */
type Handler<K extends OciAddress['kind']> = (
  address: AddressOf<K>,
  request: Request,
  response: Response,
  signal: AbortSignal,
) => Promise<void>;

/** One of some kind of address, to be called with an address of that kind. */
export type AnyHandler = (address: never, request: Request, response: Response, signal: AbortSignal) => Promise<void>;

/** What one kind of address does for each of its methods. HEAD goes with GET. */
export type Handlers<K extends OciAddress['kind']> = Partial<Record<Method, Handler<K>>>;

/** A value of the query that was given once. */
export function queryValue(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' ? value : undefined;
}
