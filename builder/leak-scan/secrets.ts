import type { DetectorRule } from '../../anonymizers/primitives.ts';
import { latin1 } from './bytes.ts';

/** A form, without what may not follow it. */
type Shape = { readonly begins: readonly string[]; readonly rule: DetectorRule; readonly form: string; readonly flags?: 'i' };

/** Text that is neither of these goes on. */
const wordEnd = '(?![A-Za-z0-9_-])';
/** Between the name of a secret and its value, as settings and JSON have it. */
const assigned = `["'\\\\ ]{0,4}(?:[:=]|=>)["'\\\\ ]{0,4}`;
const hex32 = '[0-9a-f]{32}';
const hex64 = '[0-9a-f]{64}';

/**
 * As their makers document them, and as scanners of source code look for them. Each begins with one of its
 * `begins`, of two letters or digits at least: the more, the fewer words are looked at.
 */
const shapes: readonly Shape[] = [
  // Signed, then encrypted.
  { begins: ['ey'], rule: 'jwt', form: String.raw`eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*` },
  { begins: ['ey'], rule: 'jwt', form: String.raw`eyJ[\w-]{8,}\.[\w-]*\.[\w-]{8,}\.[\w-]{8,}\.[\w-]{16,}` },
  { begins: ['AK', 'AS'], rule: 'api-key', form: '(?:AKIA|ASIA)[0-9A-Z]{16}' },
  {
    begins: ['aw', 'AW', 'secret', 'Secret', 'SECRET'],
    rule: 'api-key',
    form: `(?:[Aa][Ww][Ss][._-]?)?(?:[Ss]ecret|SECRET)[._-]?(?:(?:[Aa]ccess|ACCESS)[._-]?)?(?:[Kk]ey|KEY)${assigned}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])`,
  },
  { begins: ['Account', 'account'], rule: 'api-key', form: `[Aa]ccountKey${assigned}[A-Za-z0-9+/]{86}==` },
  { begins: ['Shared', 'shared'], rule: 'api-key', form: `[Ss]haredAccessKey${assigned}[A-Za-z0-9+/]{43}=` },
  { begins: ['shp'], rule: 'api-key', form: 'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}' },
  { begins: ['gho_', 'ghp_', 'ghr_', 'ghs_', 'ghu_'], rule: 'api-key', form: 'gh[pousr]_[A-Za-z0-9]{36,}' },
  { begins: ['github_'], rule: 'api-key', form: String.raw`github_pat_\w{50,}` },
  {
    begins: ['glpat', 'gldt', 'glrt', 'glcbt', 'glptt', 'glft', 'glimt', 'glagent', 'glsoat', 'gloas'],
    rule: 'api-key',
    form: String.raw`gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas)-[\w-]{20,}`,
  },
  { begins: ['glsa_'], rule: 'api-key', form: 'glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}' },
  { begins: ['xox'], rule: 'api-key', form: '(?:xoxe[.-])?xox[abeoprs]-[A-Za-z0-9-]{10,}' },
  { begins: ['xapp-'], rule: 'api-key', form: String.raw`xapp-\d-[A-Za-z0-9]+-\d+-[A-Za-z0-9]{10,}` },
  { begins: ['hooks.'], rule: 'api-key', form: String.raw`hooks\.slack\.com\\?/(?:services|workflows|triggers)\\?/[A-Za-z0-9+/\\]{20,}` },
  { begins: ['discord'], rule: 'api-key', form: String.raw`discord(?:app)?\.com/api/webhooks/\d{15,20}/[\w-]{60,}` },
  { begins: ['AIza'], rule: 'api-key', form: String.raw`AIza[\w-]{35}` },
  { begins: ['GO'], rule: 'api-key', form: String.raw`GOCSPX-[\w-]{28}` },
  { begins: ['ya29'], rule: 'api-key', form: String.raw`ya29\.[\w-]{30,}` },
  { begins: ['sk', 'rk'], rule: 'api-key', form: '[sr]k_(?:live|test)_[A-Za-z0-9]{16,}' },
  { begins: ['whsec_'], rule: 'api-key', form: 'whsec_[A-Za-z0-9+/]{24,}' },
  { begins: ['sk'], rule: 'api-key', form: String.raw`sk-(?:proj|svcacct|admin|None)-[\w-]{40,}` },
  { begins: ['sk'], rule: 'api-key', form: String.raw`sk-ant-(?:api|admin|oat|ort|sid)\d\d-[\w-]{40,}` },
  { begins: ['sk'], rule: 'api-key', form: `sk-or-v1-${hex64}` },
  { begins: ['sk'], rule: 'api-key', form: 'sk-[A-Za-z0-9]{32,64}' },
  { begins: ['hf_'], rule: 'api-key', form: 'hf_[A-Za-z0-9]{34,40}' },
  { begins: ['npm_'], rule: 'api-key', form: 'npm_[A-Za-z0-9]{36}' },
  { begins: ['pypi-'], rule: 'api-key', form: String.raw`pypi-AgEIcHlwaS5vcmc[\w-]{50,}` },
  { begins: ['dckr_'], rule: 'api-key', form: String.raw`dckr_[po]at_[\w-]{27,}` },
  { begins: ['doo_', 'dop_', 'dor_'], rule: 'api-key', form: `do[opr]_v1_${hex64}` },
  { begins: ['dapi'], rule: 'api-key', form: String.raw`dapi${hex32}(?:-\d)?` },
  { begins: ['SG'], rule: 'api-key', form: String.raw`SG\.[\w-]{16,}\.[\w-]{16,}` },
  { begins: ['SK'], rule: 'api-key', form: `SK${hex32}` },
  { begins: ['key-'], rule: 'api-key', form: `key-${hex32}` },
  { begins: ['hvb.', 'hvs.'], rule: 'api-key', form: String.raw`hv[sb]\.[\w-]{24,}` },
  { begins: ['AT'], rule: 'api-key', form: String.raw`ATATT3[\w=-]{100,}` },
  { begins: ['PM'], rule: 'api-key', form: 'PMAK-[0-9a-f]{24}-[0-9a-f]{34}' },
  { begins: ['AA'], rule: 'api-key', form: String.raw`AAAA[\w-]{7}:APA91b[\w-]{100,}` },
  { begins: ['Pu'], rule: 'private-key', form: String.raw`PuTTY-User-Key-File-\d: ` },
  // DER in base64: RSA as PKCS#8 and PKCS#1, anything with a password, elliptic curves as PKCS#8 and SEC 1.
  { begins: ['MI'], rule: 'private-key', form: 'MII[A-Za-z0-9+/]{3}(?:IBADANBgkqhkiG9w0BAQEF|IBAAK[BC])' },
  { begins: ['MI'], rule: 'private-key', form: 'MII[A-Za-z0-9+/]{2}[DTjz][AB][A-Za-z0-9+/]BgkqhkiG9w0BBQ' },
  { begins: ['MI'], rule: 'private-key', form: 'MI[GH][A-Za-z0-9+/](?:AgEAMB[A-Z]GByqGSM49AgEG|AgEBB(?:D[A-D]|E[I-L]))' },
  { begins: ['MC', 'ME', 'MH'], rule: 'private-key', form: 'M(?:HcCAQEEI|[CE][A-Za-z0-9]CAQAw(?:BQYDK2V[u-x]|EwYHKoZIzj0CAQY))' },
  // The same in hexadecimal digits.
  {
    begins: ['30', 'x3'],
    rule: 'private-key',
    form: 'x?30(?:8[12])?(?:[0-9a-f]{2}){1,2}(?:020100(?:300d06092a864886f70d010101|30..06072a8648ce3d0201|300506032b65[67].|028[12])|02010104(?:20|30|42))',
    flags: 'i',
  },
];

/** The first two bytes of a word as one number, the first one lowest. */
export function beginningOf(first: number, second: number): number {
  return first | (second << 8);
}

type Pattern = { readonly rule: DetectorRule; readonly begin: Uint8Array; readonly pattern: RegExp };

/** By `beginningOf`. */
const byBeginning = new Map<number, Pattern[]>();
for (const { begins, rule, form, flags } of shapes) {
  // What ends with a value of a certain length or goes on says so itself.
  const isOpen = rule === 'private-key' || form.endsWith('=') || form.endsWith(')');
  const pattern = new RegExp(`^(?:${form})${isOpen ? '' : wordEnd}`, flags);
  for (const text of begins) {
    const begin = Buffer.from(text);
    const beginning = beginningOf(begin[0] as number, begin[1] as number);
    byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), { rule, begin, pattern }]);
  }
}
export const secretBeginnings: readonly number[] = [...byBeginning.keys()];

/** A word before a slash can be shorter: in base64 it goes on behind it. */
export const shortestSecret = 10;
const longestSecret = 4096;
/** What belongs to a secret behind its first word. */
const longestRest = 200;
const dot = 0x2e;

export type Secret = { readonly rule: DetectorRule; readonly end: number };

/** The secret that begins with the word `bytes[from, to)`, a whole run of letters, digits, `_` `.` `+` `-`. */
export function secretIn(bytes: Uint8Array, from: number, to: number): Secret | undefined {
  const patterns = byBeginning.get(beginningOf(bytes[from] as number, bytes[from + 1] as number));
  if (patterns === undefined) return undefined;
  // Most that begins like a token is a JSON text alone, in base64.
  if (bytes[from] === 0x65 && !hasDot(bytes, from, to)) return undefined;
  let text: string | undefined;
  for (const { rule, begin, pattern } of patterns) {
    // People's names begin with the same two letters.
    if (!beginsWith(bytes, from, begin)) continue;
    text ??= latin1(bytes, from, Math.min(bytes.length, to + longestRest, from + longestSecret));
    const length = pattern.exec(text)?.[0].length;
    if (length !== undefined) return { rule, end: from + length };
  }
  return undefined;
}

function beginsWith(bytes: Uint8Array, from: number, begin: Uint8Array): boolean {
  for (let at = 2; at < begin.length; at += 1) if (bytes[from + at] !== begin[at]) return false;
  return true;
}

function hasDot(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] === dot) return true;
  return false;
}

/** Digits of the bot's number before the colon. */
export const botDigits = { fewest: 8, most: 10 } as const;
const botSecret = new RegExp(String.raw`^:A[\w-]{34}${wordEnd}`);
const botSecretLength = 36;

/** The end of a Telegram bot's token whose number is `bytes[from, to)`; 0 for none. */
export function botTokenEnd(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < botDigits.fewest || to - from > botDigits.most) return 0;
  return botSecret.test(latin1(bytes, to, Math.min(bytes.length, to + botSecretLength + 1))) ? to + botSecretLength : 0;
}
