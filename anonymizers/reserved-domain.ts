import * as z from 'zod/mini';

// RFC 2606 and RFC 6761: no message can ever reach anybody there.
const reserved = /^(?:[a-z0-9-]+\.)*(?:example\.(?:com|net|org)|[a-z0-9-]+\.(?:test|example|invalid|localhost))$/;

/** A domain that nobody can have. */
export const reservedDomain = z.string().check(z.regex(reserved, 'a reserved domain expected, such as example.com or something.test'));
