import type { Anonymizer } from '../anonymizer.ts';
import { companyName } from './company-name.ts';
import { dateShift } from './date-shift.ts';
import { deviceToken } from './device-token.ts';
import { email } from './email.ts';
import { constant, keep, nothing } from './fixed.ts';
import { image } from './image.ts';
import { ip } from './ip.ts';
import { json } from './json.ts';
import { login } from './login.ts';
import { firstName, fullName, lastName } from './names.ts';
import { password } from './password.ts';
import { phone } from './phone.ts';
import { template } from './template.ts';
import { text } from './text.ts';
import { hash, token } from './token.ts';

/** Every anonymizer there is. */
export const catalogue: readonly Anonymizer[] = [
  keep,
  nothing,
  constant,
  email,
  login,
  phone,
  firstName,
  lastName,
  fullName,
  companyName,
  template,
  text,
  token,
  hash,
  password,
  deviceToken,
  ip,
  dateShift,
  json,
  image,
];
