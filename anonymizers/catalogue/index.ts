import type { Anonymizer } from '../anonymizer.ts';
import { city, postalCode, street } from './address.ts';
import { cardNumber } from './card-number.ts';
import { companyName } from './company-name.ts';
import { dateShift } from './date-shift.ts';
import { dateTruncate } from './date-truncate.ts';
import { deviceToken } from './device-token.ts';
import { domain, url } from './domain.ts';
import { email } from './email.ts';
import { constant, keep, nothing } from './fixed.ts';
import { sample, shuffle } from './from-list.ts';
import { geoPoint } from './geo-point.ts';
import { iban } from './iban.ts';
import { image } from './image.ts';
import { ip } from './ip.ts';
import { json } from './json.ts';
import { login } from './login.ts';
import { mask, truncate } from './mask.ts';
import { firstName, fullName, lastName } from './names.ts';
import { numberBucket, numberNoise } from './numbers.ts';
import { password } from './password.ts';
import { phone } from './phone.ts';
import { appleId, fcmKey, p8Key, pkcs12, pkcs12Passphrase, vapidKey } from './push-credentials.ts';
import { scrub } from './scrub.ts';
import { template } from './template.ts';
import { text } from './text.ts';
import { hash, token } from './token.ts';
import { pushSecret, uuid } from './uuid.ts';

/** Every anonymizer there is. */
export const catalogue: readonly Anonymizer[] = [
  keep,
  nothing,
  constant,
  template,
  email,
  login,
  phone,
  firstName,
  lastName,
  fullName,
  companyName,
  domain,
  url,
  street,
  postalCode,
  city,
  geoPoint,
  iban,
  cardNumber,
  token,
  uuid,
  hash,
  ip,
  dateShift,
  dateTruncate,
  numberNoise,
  numberBucket,
  mask,
  truncate,
  sample,
  shuffle,
  text,
  scrub,
  json,
  image,
  password,
  deviceToken,
  fcmKey,
  appleId,
  p8Key,
  pkcs12,
  pkcs12Passphrase,
  vapidKey,
  pushSecret,
];
