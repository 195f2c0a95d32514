import type { Request, Response } from 'express';
import type { ContentDigest } from '../../core/index.ts';
import { OciError } from '../oci-errors.ts';

export function setContent(response: Response, digest: ContentDigest, mediaType: string, sizeBytes: number): void {
  response.set({ 'Docker-Content-Digest': digest, ETag: `"${digest}"`, 'Content-Length': String(sizeBytes) });
  // Not through the framework, which would add a character set.
  response.setHeader('Content-Type', mediaType);
}

/** Takes the headers of the content back, for an error in its place. */
export function clearContent(response: Response): void {
  response.status(200);
  for (const name of ['Content-Length', 'Content-Type', 'Content-Range', 'ETag', 'Docker-Content-Digest', 'Cache-Control'])
    response.removeHeader(name);
}

export function sendNotModified(request: Request, response: Response, digest: ContentDigest): boolean {
  const known = request.headers['if-none-match'];
  const isKnown = known?.split(',').some((etag) => etag.trim().replace(/^W\//, '') === `"${digest}"` || etag.trim() === '*');
  if (isKnown) response.status(304).end();
  return isKnown === true;
}

/** Says that something was stored, and where. */
export function sendCreated(response: Response, location: string, digest: ContentDigest): void {
  response.status(201).set({ Location: location, 'Docker-Content-Digest': digest, 'Content-Length': '0' }).end();
}

export function noDigest(): OciError {
  return new OciError('DIGEST_INVALID', 'A digest is "sha256:" and 64 hexadecimal digits, or "sha512:" and 128.');
}
