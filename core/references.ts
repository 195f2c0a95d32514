import { type Digest, isDigest } from './digest.ts';
import { DynDataError } from './errors.ts';
import { isRepository, isTag } from './names.ts';

export type Target = { readonly tag: string } | { readonly digest: Digest };

/** A snapshot as a person names it: `prod-2024-05`, `dynamease:prod-2024-05`, `sha256:…` or `dynamease@sha256:…`. */
export type Reference = Target & { readonly repository?: string };

/** @throws DynDataError REFERENCE_INVALID saying the accepted forms. */
export function parseReference(text: string): Reference {
  const reference = splitReference(text);
  if (reference) return reference;
  throw new DynDataError(
    'REFERENCE_INVALID',
    `"${text}" does not name a snapshot. Give a tag (prod-2024-05), a repository and a tag (dynamease:prod-2024-05) or a digest (sha256:… or dynamease@sha256:…).`,
  );
}

function splitReference(text: string): Reference | undefined {
  if (isDigest(text)) return { digest: text };
  const at = text.indexOf('@');
  if (at >= 0) {
    const repository = text.slice(0, at);
    const digest = text.slice(at + 1);
    return isRepository(repository) && isDigest(digest) ? { repository, digest } : undefined;
  }
  const colon = text.indexOf(':');
  if (colon >= 0) {
    const repository = text.slice(0, colon);
    const tag = text.slice(colon + 1);
    return isRepository(repository) && isTag(tag) ? { repository, tag } : undefined;
  }
  return isTag(text) ? { tag: text } : undefined;
}

/** The reference as a person would type it. */
export function formatReference(reference: Reference): string {
  const repository = reference.repository ?? '';
  if ('digest' in reference) return repository ? `${repository}@${reference.digest}` : reference.digest;
  return repository ? `${repository}:${reference.tag}` : reference.tag;
}
