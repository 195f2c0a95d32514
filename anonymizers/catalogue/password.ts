import { createHash } from 'node:crypto';
import bcrypt from 'bcryptjs';
import * as z from 'zod/mini';
import { defineAnonymizer, refuse } from '../anonymizer.ts';

const schemes = ['bcrypt', 'ssha', 'ssha512', 'plain'] as const;

export const password = defineAnonymizer({
  name: 'password',
  summary:
    "The policy's development password, hashed in the server's scheme: whoever has the copy can log in as anybody, with that one password.",
  types: ['text', 'binary'],
  parameters: z.strictObject({
    scheme: z.enum(schemes),
    /** bcrypt only: the logarithm of the rounds. Low, since the password is known. */
    cost: z._default(z.int().check(z.minimum(4), z.maximum(12)), 4),
    /** bcrypt only: some servers know only the older names of what is the same for passwords below 255 bytes. */
    variant: z._default(z.enum(['2a', '2b', '2y']), '2b'),
  }),
  short: 'scheme',
  create: ({ scheme, cost, variant }, { developmentPassword, seed }) => {
    if (developmentPassword === undefined) return refuse('"password" needs the policy\'s development_password');
    // The salt is drawn from the key and not from the target, so one build differs from the next in nothing.
    const salt = seed(`password/1/${scheme}`);
    const hashed = new TextEncoder().encode(
      scheme === 'plain'
        ? developmentPassword
        : scheme === 'bcrypt'
          ? bcryptHash(developmentPassword, salt, cost, variant)
          : saltedSha(developmentPassword, salt.subarray(0, 8), scheme),
    );
    return { apply: () => hashed, unique: false, longest: hashed.length };
  },
});

function bcryptHash(text: string, salt: Uint8Array, cost: number, variant: string): string {
  const encodedSalt = bcrypt.encodeBase64(salt, 16);
  return bcrypt.hashSync(text, `$${variant}$${String(cost).padStart(2, '0')}$${encodedSalt}`);
}

/** The forms of OpenLDAP: the digest of password and salt, then the salt. */
function saltedSha(text: string, salt: Uint8Array, scheme: 'ssha' | 'ssha512'): string {
  const digest = createHash(scheme === 'ssha' ? 'sha1' : 'sha512')
    .update(text, 'utf8')
    .update(salt)
    .digest();
  return `{${scheme === 'ssha' ? 'SSHA' : 'SSHA512'}}${Buffer.concat([digest, salt]).toString('base64')}`;
}
