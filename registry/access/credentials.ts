/** The token of an `Authorization` header: `Bearer <token>`, or `Basic` with any user name and the token as the password. */
export function tokenOfAuthorization(header: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(bearer|basic) +([A-Za-z0-9._~+/=-]{1,1000}) *$/i.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme === '') return undefined;
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : decoded.slice(colon + 1);
}
