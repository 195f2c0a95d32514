import type { Request, Response } from 'express';
import { type ContentDigest, DynDataError, isContentDigest, type Upload } from '../../core/index.ts';
import type { Push } from '../../storage/index.ts';
import { OciError } from '../oci-errors.ts';
import { noDigest, sendCreated } from './content.ts';
import { type Handlers, type OciPorts, queryValue } from './handling.ts';
import { findMountable } from './mount.ts';
import { announcedBytes, bodyOf } from './request-body.ts';

/** Where uploads begin: an empty one, a whole blob at once, or one that another repository has. */
export function uploadsHandlers(ports: OciPorts): Handlers<'uploads'> {
  const { uploads, openPush } = ports;
  return {
    async POST({ repository }, request, response, signal) {
      const mount = queryValue(request, 'mount');
      const push = await openPush(signal);
      const mountable = mount !== undefined && isContentDigest(mount) ? await findMountable(ports, mount, request, signal) : undefined;
      if (mountable && (await push.hold(repository, mountable, signal))) {
        sendCreated(response, blobLocation(repository, mountable.digest), mountable.digest);
        return;
      }
      if (request.query.digest !== undefined) {
        const digest = digestOfQuery(request);
        const blob = await rejectingDigest(receive(ports, repository, digest, request, signal));
        await keep(push, repository, { digest, blob }, signal);
        sendCreated(response, blobLocation(repository, digest), digest);
        return;
      }
      sendState(response, 202, await uploads.begin(repository, signal));
    },
  };
}

/** One upload: how far it is, more of it, its end, and giving it up. */
export function uploadHandlers(ports: OciPorts): Handlers<'upload'> {
  const { uploads, openPush, bodyStallTimeoutMs } = ports;
  const find = async ({ repository, id }: { repository: string; id: string }, signal: AbortSignal): Promise<Upload> => {
    const upload = await uploads.find(repository, id, signal);
    if (upload) return upload;
    throw new OciError('BLOB_UPLOAD_UNKNOWN', 'There is no such upload: it was completed, cancelled, or never begun. Begin a new one.');
  };

  const append = async (upload: Upload, request: Request, response: Response, signal: AbortSignal): Promise<Upload> => {
    const expectedBytes = requireOrder(upload, request, response);
    try {
      return await uploads.append(upload, ofLength(bodyOf(request, bodyStallTimeoutMs), expectedBytes), signal);
    } catch (error) {
      if (!(error instanceof DynDataError && error.code === 'CONFLICT')) throw error;
      const now = await uploads.find(upload.repository, upload.id, signal);
      if (now) setState(response, now);
      const message = 'Another request has added to this upload, or ended it, in the meantime. Ask for its state and go on from there.';
      throw new OciError('BLOB_UPLOAD_INVALID', message, { status: 409 });
    }
  };

  return {
    async GET(address, _request, response, signal) {
      sendState(response, 204, await find(address, signal));
    },

    async PATCH(address, request, response, signal) {
      sendState(response, 202, await append(await find(address, signal), request, response, signal));
    },

    async PUT(address, request, response, signal) {
      const { repository } = address;
      const digest = digestOfQuery(request);
      const push = await openPush(signal);
      const upload = await find(address, signal);
      const complete = async () => {
        if (upload.sizeBytes > 0) return uploads.complete(await append(upload, request, response, signal), digest, signal);
        requireOrder(upload, request, response);
        const received = await receive(ports, repository, digest, request, signal);
        await uploads.cancel(upload, signal);
        return received;
      };
      const blob = await rejectingDigest(complete());
      await keep(push, repository, { digest, blob }, signal);
      sendCreated(response, blobLocation(repository, digest), digest);
    },

    async DELETE(address, _request, response, signal) {
      await uploads.cancel(await find(address, signal), signal);
      response.status(204).end();
    },
  };
}

/** @throws OciError where a collector took the blob that was stored already: tools send it again, and then it is new. */
async function keep(push: Push, repository: string, link: Parameters<Push['hold']>[1], signal: AbortSignal): Promise<void> {
  if (await push.hold(repository, link, signal)) return;
  const message = 'The blob was stored already and has just been removed, as nothing needed it any more. Send it again.';
  throw new OciError('BLOB_UPLOAD_INVALID', message, { status: 503, details: [{ digest: link.digest }] });
}

const blobLocation = (repository: string, digest: ContentDigest): string => `/v2/${repository}/blobs/${digest}`;

function receive(
  { uploads, bodyStallTimeoutMs }: OciPorts,
  repository: string,
  digest: ContentDigest,
  request: Request,
  signal: AbortSignal,
) {
  const sizeBytes = announcedBytes(request);
  return uploads.receive(repository, digest, bodyOf(request, bodyStallTimeoutMs), {
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    signal,
  });
}

function digestOfQuery(request: Request): ContentDigest {
  const digest = queryValue(request, 'digest');
  if (digest === undefined || !isContentDigest(digest)) throw noDigest();
  return digest;
}

function setState(response: Response, { id, repository, sizeBytes }: Upload): void {
  response.set({
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    // Of an empty upload too, as Docker's registry writes it: there is no way to write an empty range.
    Range: `0-${Math.max(0, sizeBytes - 1)}`,
    'Docker-Upload-UUID': id,
  });
}

function sendState(response: Response, status: 202 | 204, upload: Upload): void {
  setState(response, upload);
  if (status === 202) response.set('Content-Length', '0');
  response.status(status).end();
}

/**
 * The length of a chunk whose place in the blob is given, which must be the next one.
 * @throws OciError RANGE_INVALID for another place, with the state that the upload is in; SIZE_INVALID
 */
function requireOrder(upload: Upload, request: Request, response: Response): number | undefined {
  const header = request.headers['content-range'];
  if (header === undefined) return undefined;
  const [, first, last] = /^(\d{1,15})-(\d{1,15})$/.exec(header) ?? [];
  const expectedBytes = Number(last) - Number(first) + 1;
  if (first === undefined || Number(first) !== upload.sizeBytes || expectedBytes < 1) {
    setState(response, upload);
    const message = `Content-Range is the first and the last byte of this chunk, as in 0-99; the next one begins at ${upload.sizeBytes}.`;
    throw new OciError('RANGE_INVALID', message);
  }
  const announced = announcedBytes(request);
  if (announced !== undefined && announced !== expectedBytes) throw wrongLength(expectedBytes);
  return expectedBytes;
}

/** @throws OciError SIZE_INVALID where the bytes are not as many as expected. */
async function* ofLength(bytes: AsyncIterable<Uint8Array>, expectedBytes: number | undefined): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const piece of bytes) {
    sizeBytes += piece.byteLength;
    if (expectedBytes !== undefined && sizeBytes > expectedBytes) throw wrongLength(expectedBytes);
    yield piece;
  }
  if (expectedBytes !== undefined && sizeBytes !== expectedBytes) throw wrongLength(expectedBytes);
}

function wrongLength(expectedBytes: number): OciError {
  return new OciError('SIZE_INVALID', `The chunk does not have the ${expectedBytes} bytes that its Content-Range says. Send it again.`);
}

/** A digest that does not fit is the sender's error here, not damage in our store. */
async function rejectingDigest<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DynDataError && error.code === 'DIGEST_MISMATCH')) throw error;
    throw new OciError('DIGEST_INVALID', 'The bytes that were sent do not have this digest. Nothing was stored; push the blob again.');
  }
}
