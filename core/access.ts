import { isRepository } from './names.ts';

/** What a token may do, each including the ones before it: read; take snapshots and move tags; manage tokens and read the audit log. */
export const roles = ['reader', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

export function roleIncludes(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** Every repository, and what belongs to none: tokens, the audit log. */
export const everyRepository = '*';

/** A repository's name, `prefix/*` for all below a prefix (not the prefix itself), or `*`. */
export function isScope(text: string): boolean {
  return text === everyRepository || isRepository(text.endsWith('/*') ? text.slice(0, -2) : text);
}

/** Decided by names alone, so that the answer is the same whether the repository exists or not. */
export function scopesCover(scopes: readonly string[], repository: string): boolean {
  return scopes.some(
    (scope) => scope === everyRepository || scope === repository || (scope.endsWith('/*') && repository.startsWith(scope.slice(0, -1))),
  );
}

/**
 * What of a request says which repository it touches, and so what a token's repositories are compared with:
 * - `repository`: the path's `{repository}`;
 * - `environment`, `body.environment`: the repository of the environment that the path or the body names;
 * - `job`: the repository of the path's job `{id}`;
 * - `schedule`: the repository of the environment that the path's schedule `{name}` is of;
 * - `visible`: nothing; the answer leaves out what the token does not cover;
 * - `registry`: the registry as a whole, which only a token for every repository covers.
 *
 * Whatever a route is decided by: an `environment` or a `repository` that its body names must be covered too.
 */
export type RouteAccess<
  Within extends string = 'repository' | 'environment' | 'body.environment' | 'job' | 'schedule' | 'visible' | 'registry',
> = {
  readonly role: Role;
  readonly within: Within;
};
