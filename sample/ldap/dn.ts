/**
 * A value as it stands in a DN (RFC 4514): special characters escaped with a backslash, so that equal values give equal text.
 * Values holding NUL are not expected here.
 */
export const dnValue = (value: string): string =>
  value
    .replaceAll(/[\\,+"<>;=]/g, (character) => `\\${character}`)
    .replace(/^[ #]/, (character) => `\\${character}`)
    .replace(/ $/, '\\ ');
