import type { Context } from '../context.ts';
import { formatAge, formatTable, shortDigest } from '../format.ts';
import { operate } from './operators.ts';

/** `dyn-data tag list`: the repository's tags and what they name. */
export async function tagList(context: Context): Promise<void> {
  const { api, repository } = await operate(context);
  const tags: { tag: string; digest: string; movedAt: string }[] = [];
  for await (const tag of api.tagViews(repository)) tags.push(tag);
  const now = context.now();
  const rows = tags.map(({ tag, digest, movedAt }) => [tag, shortDigest(digest), formatAge(new Date(movedAt), now)]);
  const text = rows.length === 0 ? `The repository ${repository} has no tags.` : formatTable(['TAG', 'DIGEST', 'MOVED'], rows);
  context.output.result(text, { version: 1, repository, tags });
}

/** `dyn-data tag show TAG`. */
export async function tagShow(context: Context, tag: string): Promise<void> {
  const { api, repository } = await operate(context);
  const found = await api.tag(repository, tag);
  context.output.result(`${found.tag}  ${found.digest}  moved ${found.movedAt}`, { version: 1, repository, ...found });
}

/** `dyn-data tag set TAG REF`: makes a tag, or moves it. */
export async function tagSet(context: Context, tag: string, reference: string): Promise<void> {
  const { api, find } = await operate(context);
  const { repository, digest } = await find(reference);
  const moved = await api.moveTag(repository, tag, digest);
  context.output.result(`${repository}:${tag} is ${moved.digest} now`, { version: 1, repository, ...moved });
}

/** `dyn-data tag rm TAG`: the snapshot itself stays. */
export async function tagRemove(context: Context, tag: string): Promise<void> {
  const { api, repository } = await operate(context);
  // A name that does not exist is more likely mistyped than gone.
  const { digest } = await api.tag(repository, tag);
  await api.removeTag(repository, tag);
  context.output.result(`Removed the tag ${tag}; the snapshot ${shortDigest(digest)} stays.`, { version: 1, repository, tag, digest });
}
