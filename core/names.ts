// What may be a name. Without schemas and digests, so that a command line can be read before those are loaded.

/** Grammar of the OCI Distribution Specification 1.1. */
export const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
export const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
export const schedulePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const repositoryMaxLength = 255;

export function isRepository(text: string): boolean {
  return text.length <= repositoryMaxLength && repositoryPattern.test(text);
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

export function isScheduleName(text: string): boolean {
  return schedulePattern.test(text);
}
