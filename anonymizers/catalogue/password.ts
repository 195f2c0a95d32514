import * as z from 'zod/mini';
import { defineAnonymizer, described, refuse, unmaskable } from '../anonymizer.ts';
import { findScheme, passwordSchemes } from '../password-schemes.ts';

const schemeNames = ['found', ...Object.keys(passwordSchemes)];

export const password = defineAnonymizer({
  name: 'password',
  summary:
    "The policy's development password, hashed: whoever has the copy can log in as anybody, with that one password. With `found`, in the scheme that each value has.",
  types: ['text', 'binary'],
  facts: {
    charset: 'ascii',
    length: 'checked',
    nulls: 'kept',
    decidedBy: 'nothing',
    unique: 'no',
    enumerable: 'no',
    protects: 'The real password and its hash: there is nothing to crack.',
    leaves:
      'With `scheme: found`, the scheme of the hash. Whoever has the copy knows the password of everybody in it, so it must be used nowhere else.',
    example: { parameters: 'ssha', value: '{SSHA}x' },
  },
  parameters: z.strictObject({
    scheme: described(
      z.enum(schemeNames),
      '`found` tells the scheme of each value by its form; what has no known form is taken for a plain password.',
    ),
    cost: described(
      z._default(z.int().check(z.minimum(4), z.maximum(12)), 4),
      'bcrypt only: the logarithm of the rounds. Low, since the password is known.',
    ),
    variant: described(
      z._default(z.enum(['2a', '2b', '2y']), '2b'),
      'bcrypt only: some servers know only the older names of what is the same for passwords below 255 bytes. With `found`, that of the value.',
    ),
  }),
  short: 'scheme',
  create: ({ scheme, cost, variant }, { developmentPassword, seed, target }) => {
    if (developmentPassword === undefined) return refuse('"password" needs the policy\'s development_password');
    const encoder = new TextEncoder();
    const limit = target.maxLength;
    const hashIn = (name: string, used: string): Uint8Array => {
      // The salt is drawn from the key and not from the target, so one build differs from the next in nothing.
      const salt = seed(`password/1/${name}`);
      return encoder.encode(passwordSchemes[name]?.({ password: developmentPassword, salt, cost, variant: used }));
    };
    if (scheme !== 'found') {
      const hashed = hashIn(scheme, variant);
      return { apply: () => hashed, unique: false, longest: hashed.length };
    }
    // A hash for each scheme that occurs, which are few.
    const made = new Map<string, Uint8Array>();
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        const found = findScheme(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'));
        const name = `${found.prefix}${found.scheme}${found.variant}`;
        let hashed = made.get(name);
        if (!hashed) {
          hashed = Buffer.concat([encoder.encode(found.prefix), hashIn(found.scheme, found.variant)]);
          made.set(name, hashed);
        }
        if (limit !== undefined && hashed.length > limit) {
          throw unmaskable(
            target.place,
            `there is no room for ${hashed.length} characters, which the development password needs in the scheme of a value`,
            'Give "password" another scheme, or choose a shorter development_password.',
          );
        }
        return hashed;
      },
    };
  },
});
