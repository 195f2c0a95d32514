import { isIP, isIPv4, isIPv6 } from 'node:net';
import { refuse, type Target } from './anonymizer.ts';
import { type Bounds, readArray, readMultirange, readRange, typeOfPart } from './composed-literals.ts';
import { type Decimal, largestOf, parseDecimal } from './numbers.ts';

/**
 * Refuses a value that a policy writes out and that its column cannot load, or would load as another one. Of arrays and ranges the parts are
 * looked at, and all are refused whose parts are of a type that is not known here. What other types of the server's own may hold (a box, a text search)
 * is not known.
 * @param name the anonymizer's, for the message
 * @param text in the server's text form
 * @throws DynDataError POLICY_INVALID
 */
export function checkLiteral(name: string, text: string, target: Target): void {
  if (isLoadable(text, target)) return;
  const { type, sqlType } = target;
  if (type === 'enum' || type === 'set') refuse(`"${name}" has a value that is not in ${sqlType}`);
  refuse(`"${name}" has a value that is no ${type === 'other' ? sqlType : `${type} (${sqlType})`}`);
}

function isLoadable(text: string, target: Target): boolean {
  const { type, sqlType, sourceKind } = target;
  const isPostgres = sourceKind === 'postgres';
  switch (type) {
    case 'integer':
      return /^-?\d+$/.test(text) && isInRange(text, sqlType);
    case 'decimal':
      return /^-?\d+(\.\d+)?$/.test(text) && isInRange(text, sqlType) && hasScale(text, sqlType);
    case 'float':
      return /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) && isInRange(text, sqlType);
    case 'boolean':
      return /^(?:t|f|true|false|y|n|yes|no|on|off|1|0)$/i.test(text);
    case 'bit':
      return isPostgres ? isBitString(text, sqlType) : /^\d+$/.test(text) && BigInt(text) < 2n ** BigInt(lengthOf(sqlType) ?? 1);
    case 'year':
      return /^\d{4}$/.test(text) && (text === '0000' || (text >= '1901' && text <= '2155'));
    case 'date':
      return isDate(text, isPostgres);
    case 'time':
      return isTime(text, isPostgres);
    case 'datetime':
      return isMoment(text, sqlType, isPostgres);
    case 'uuid':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
    case 'enum':
      return labelsOf(target)?.includes(text) ?? true;
    case 'set':
      return text === '' || text.split(',').every((member) => labelsOf(target)?.includes(member) ?? true);
    case 'json':
      return isJson(text);
    case 'other':
      return target.madeOf ? isMadeOf(text, target.madeOf, target) : isOther(text, sqlType, isPostgres);
    default:
      return true;
  }
}

function isInRange(text: string, sqlType: string): boolean {
  const number = parseDecimal(text);
  if (!number) return false;
  const { scaled, decimals } = number;
  if (scaled < 0n && /\bunsigned\b/i.test(sqlType)) return false;
  const largest = largestOf(sqlType);
  if (largest === undefined) return true;
  // Of whole numbers there is one negative more.
  const whole = (scaled < 0n ? -scaled : scaled) / 10n ** BigInt(decimals);
  return whole <= largest || (scaled < 0n && whole === largest + 1n && /^(?:\w*int\d?|integer)\b/i.test(sqlType));
}

function hasScale(text: string, sqlType: string): boolean {
  const [, scale] = /^(?:decimal|numeric)\(\d+(?:,\s*(-?\d+))?\)/i.exec(sqlType) ?? [];
  if (!/^(?:decimal|numeric)\(/i.test(sqlType) || Number(scale) < 0) return true;
  return (text.split('.')[1]?.length ?? 0) <= Number(scale ?? 0);
}

function lengthOf(sqlType: string): number | undefined {
  const [, length] = /\((\d+)\)/.exec(sqlType) ?? [];
  return length === undefined ? undefined : Number(length);
}

function isBitString(text: string, sqlType: string): boolean {
  if (!/^[01]*$/.test(text)) return false;
  const isVarying = /varying|varbit/i.test(sqlType);
  const most = lengthOf(sqlType) ?? (isVarying ? Number.POSITIVE_INFINITY : 1);
  return isVarying ? text.length <= most : text.length === most;
}

/** A day of the calendar; MySQL has the zero date besides. */
function isDate(text: string, isPostgres: boolean): boolean {
  const [, year = ''] = /^(\d{4})-\d{2}-\d{2}$/.exec(text) ?? [];
  if (year === '') return false;
  if (!isPostgres && text === '0000-00-00') return true;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) && year >= (isPostgres ? '0001' : '1000');
}

const zonePattern = /[-+]\d{2}(?::?\d{2})?$/;

function isTime(text: string, isPostgres: boolean): boolean {
  const [, hours, minutes, seconds] =
    /^-?(\d{2,3}):(\d{2}):(\d{2})(?:\.\d{1,6})?$/.exec(isPostgres ? text.replace(zonePattern, '') : text) ?? [];
  if (hours === undefined || Number(minutes) > 59 || Number(seconds) > 59) return false;
  if (!isPostgres) return Number(hours) <= 838;
  return !text.startsWith('-') && (Number(hours) < 24 || /^24:00:00(?:\.0+)?$/.test(text));
}

function isMoment(text: string, sqlType: string, isPostgres: boolean): boolean {
  const [, date = '', hours, minutes, seconds, zone] =
    /^(\d{4}-\d{2}-\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.\d{1,6})?([-+]\d{2}(?::\d{2})?)?$/.exec(text) ?? [];
  if (!isDate(date, isPostgres) || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return false;
  if (isPostgres) return true;
  // MySQL's TIMESTAMP, in UTC as the loader sets it.
  const isShort = /^timestamp\b/i.test(sqlType);
  return zone === undefined && (!isShort || date === '0000-00-00' || (text > '1970-01-01 00:00:00' && text <= '2038-01-19 03:14:07'));
}

/** What an enumeration or a set may hold; undefined where that is not known. */
function labelsOf({ labels, sqlType }: Target): readonly string[] | undefined {
  if (labels) return labels;
  if (!/^(?:enum|set)\(/i.test(sqlType)) return undefined;
  return [...sqlType.matchAll(/'((?:[^']|'')*)'/g)].map(([, label = '']) => label.replaceAll("''", "'"));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Numbers so short that none is beyond what an interval holds. */
const partsOf = (units: readonly string[]): string => units.map((unit) => `(?:[-+]?\\d{1,5} ${unit}(?: |$))?`).join('');
const clock = '(?:[-+]?\\d{1,6}:[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,6})?)?)?';
const parts = partsOf(['years?', 'mon(?:s|ths?)?', 'weeks?', 'days?']);
/** As the server writes it, `1 year 2 mons -3 days 04:05:06.5`, or with units to the end: each of them once. */
const intervalText = new RegExp(`^(?=\\S)${parts}(?:${clock}|${partsOf(['hours?', 'min(?:s|utes?)?', 'sec(?:s|onds?)?'])})$`, 'i');
const isoInterval =
  /^P(?=[-\dT])(?:-?\d{1,5}Y)?(?:-?\d{1,5}M)?(?:-?\d{1,5}W)?(?:-?\d{1,5}D)?(?:T(?=[-\d])(?:-?\d{1,6}H)?(?:-?\d{1,6}M)?(?:-?\d{1,6}(?:\.\d{1,6})?S)?)?$/;

/** What a precision does not hold would be lost, and so would be what single fields do not, of which none is taken. */
function isInterval(text: string, sqlType: string): boolean {
  const [isWhole, precision = '6'] = /^interval(?:\((\d)\))?$/i.exec(sqlType) ?? [];
  const decimals = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  return isWhole !== undefined && decimals <= Number(precision) && (intervalText.test(text) || isoInterval.test(text));
}

/** Without signs of thousands and of a currency, which are other ones in each server's locale. */
function isMoney(text: string): boolean {
  const number = /^-?\d+(?:\.\d{1,2})?$/.test(text) ? parseDecimal(text) : undefined;
  if (!number) return false;
  const cents = number.scaled * 10n ** BigInt(2 - number.decimals);
  return cents >= -(2n ** 63n) && cents < 2n ** 63n;
}

const pointText = /^\(?\s*[-+]?\d+(?:\.\d+)?\s*,\s*[-+]?\d+(?:\.\d+)?\s*\)?$/;

function isOther(text: string, sqlType: string, isPostgres: boolean): boolean {
  switch (sqlType.toLowerCase()) {
    case 'inet':
    case 'cidr': {
      const [address = '', bits, ...more] = text.split('/');
      const most = isIPv4(address) ? 32 : 128;
      return isIP(address) > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
    }
    case 'inet4':
      return isIPv4(text);
    case 'inet6':
      return isIPv6(text) || isIPv4(text);
    case 'point':
      return isPostgres && pointText.test(text);
    case 'money':
      return isMoney(text);
    case 'macaddr':
      return /^[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}$/i.test(text);
    case 'macaddr8':
      return /^[\da-f]{2}([:-])(?:[\da-f]{2}\1){6}[\da-f]{2}$/i.test(text);
    default:
      if (/^interval\b/i.test(sqlType)) return isInterval(text, sqlType);
      // MySQL's are spatial types and vectors, which have no text that could be loaded.
      return isPostgres;
  }
}

function isMadeOf(text: string, { form, sqlType }: NonNullable<Target['madeOf']>, { labels, place, sourceKind }: Target): boolean {
  const type = labels ? 'enum' : typeOfPart(sqlType);
  const most = /^character(?: varying)?\((\d+)\)/.exec(sqlType)?.[1];
  const isPart = (part: string | undefined): boolean =>
    part === undefined ||
    (type !== undefined &&
      isLoadable(part, { type, sqlType, nullable: true, unique: false, place, sourceKind, ...(labels ? { labels } : {}) }) &&
      (most === undefined || [...part].length <= Number(most)));
  // What stands between the elements of an unknown type (box has its own sign) is not known either.
  if (form === 'array') return readArray(text)?.every((part) => type !== undefined && isPart(part)) ?? false;
  const ranges = form === 'range' ? [readRange(text)] : readMultirange(text);
  return (
    ranges?.every((range) => {
      if (range === undefined) return false;
      // Blanks belong to a bound, and of these types they say nothing.
      const [lower, upper] = [range.lower, range.upper].map((bound) => (type === 'text' || type === 'enum' ? bound : bound?.trim()));
      return (
        isPart(lower) &&
        isPart(upper) &&
        isOrdered({ ...range, lower, upper }, type, sqlType) &&
        hasNext({ ...range, lower, upper }, sqlType)
      );
    }) ?? false
  );
}

/** A range of whole numbers is kept as from the first that is in it to the first that is not, and those must be numbers of the type. */
function hasNext({ lower, upper, withLower, withUpper }: Bounds, sqlType: string): boolean {
  const largest = String(largestOf(sqlType));
  const isLargest = (bound: string | undefined): boolean =>
    bound !== undefined && /int/.test(sqlType) && compareDecimals(bound, largest) === 0;
  return !(isLargest(lower) && !withLower) && !(isLargest(upper) && withUpper);
}

/** Where both bounds are there, the lower one is not the greater one. */
function isOrdered({ lower, upper }: Bounds, type: Target['type'] | undefined, sqlType: string): boolean {
  if (lower === undefined || upper === undefined) return true;
  switch (type) {
    case 'integer':
    case 'decimal':
    case 'float':
      return compareDecimals(lower, upper) <= 0;
    case 'date':
    case 'datetime':
      return microseconds(lower, sqlType) <= microseconds(upper, sqlType);
    default:
      // How the server orders them is not known here.
      return lower === upper;
  }
}

function compareDecimals(a: string, b: string): number {
  const [one, other] = [parseDecimal(a), parseDecimal(b)];
  if (!one || !other) return Number.NaN;
  const decimals = Math.max(one.decimals, other.decimals);
  const scaled = ({ scaled: value, decimals: own }: Decimal): bigint => value * 10n ** BigInt(decimals - own);
  return scaled(one) < scaled(other) ? -1 : scaled(one) > scaled(other) ? 1 : 0;
}

/** Of a day or a moment that `isDate` or `isMoment` takes; without a zone that of UTC. A type without zones does not look at one. */
function microseconds(text: string, sqlType: string): bigint {
  const [, date = '', time = '00:00:00', fraction = '', zone = ''] =
    /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?([-+]\d{2}(?::?\d{2})?)?)?$/.exec(text) ?? [];
  const [, sign = '+', hours = '00', minutes = '00'] = /^([-+])(\d{2}):?(\d{2})?$/.exec(/without/.test(sqlType) ? '' : zone) ?? [];
  const at = new Date(`${date}T${time}Z`).getTime() - Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return BigInt(at) * 1000n + BigInt(fraction.padEnd(6, '0'));
}
