import { kindOfName, type LiveColumn, type NameKind, type Rule, rulesOfKind, whyNotKept, wordsOf } from '../../anonymizers/index.ts';
import type { Profile } from './profile.ts';
import { kindNames, type ValueKind } from './value-kinds.ts';

/** What is known of a place before a rule is chosen for it. */
export type Facts = {
  /** Of the column, attribute or JSON member. */
  readonly name: string;
  /** Of the table, or what stands for it; empty where there is none. */
  readonly owner: string;
  readonly type: LiveColumn['type'];
  /** As the server spells it; absent where the server has no such type, as of a JSON member. */
  readonly sqlType?: string;
  readonly unique: boolean;
  /** Part of the key that rows are read by. */
  readonly isKey: boolean;
  /** Column that tells whose row it is, for what belongs to one subject. */
  readonly subject?: string;
  readonly profile: Profile;
};

export type Choice = {
  /** The best first; the others stand in where the compiler refuses it. */
  readonly rules: readonly Rule[];
  /** 0 to 1. Below `decidedFrom` a person must decide. */
  readonly confidence: number;
  readonly reason: string;
};

/** From this confidence on a line is written as a rule, below it as a comment. */
export const decidedFrom = 0.6;

/** What values that speak for themselves are, in the words of names. */
const implied: Partial<Record<ValueKind, NameKind>> = {
  email: 'email',
  phone: 'phone',
  iban: 'iban',
  card: 'card',
  ip: 'ip',
  image: 'image',
  bcrypt: 'password',
  argon2: 'password',
  ssha: 'password',
  ssha512: 'password',
  'password-hash': 'password',
  jwt: 'secret',
  'private-key': 'secret',
  'device-token': 'device-token',
  mac: 'device-id',
};

const passwordSchemes: Partial<Record<ValueKind, string>> = { bcrypt: 'bcrypt', ssha: 'ssha', ssha512: 'ssha512' };

const companies = /compan|societe|organi[sz]ation|entreprise|employer|supplier|fournisseur/;
const people = /user|person|contact|employee|customer|client|people|utilisateur|member|membre|salarie|abonne|subscriber|patient/;

/** The rule for one place with its reason, out of its name, its type and what its sampled values are like. */
export function choose(facts: Facts): Choice {
  const { name } = facts;
  const byName = nameKindOf(facts);
  const reasonOfFew = whyNotKept(byName, true);
  switch (facts.type) {
    case 'text':
      return chooseText(facts, byName);
    case 'json':
      return open('a JSON document of which no path is known', [null]);
    case 'binary':
      return chooseBinary(facts, byName);
    case 'boolean':
      if (reasonOfFew !== undefined) return open(`yes or no, but by its name ${reasonOfFew}`, [null]);
      return { rules: ['keep'], confidence: 0.85, reason: 'yes or no' };
    case 'enum':
    case 'set':
      if (reasonOfFew !== undefined) return open(`one of a fixed list, but by its name ${reasonOfFew}`, [null]);
      return { rules: ['keep'], confidence: 0.8, reason: 'one of a fixed list' };
    case 'date':
    case 'datetime':
      return chooseDate(facts, byName);
    case 'time':
      if (reasonOfFew !== undefined) return open(`a time of day, but by its name ${reasonOfFew}`, [null]);
      return { rules: ['keep'], confidence: 0.65, reason: 'a time of day without a date' };
    case 'uuid':
      return chooseUuid(facts, byName);
    case 'integer':
    case 'decimal':
    case 'float':
    case 'bit':
    case 'year':
      return chooseNumber(facts, byName);
    case 'other':
      return chooseOther(facts, byName);
  }
  return open(`nothing is known of "${name}"`, []);
}

function chooseUuid({ isKey, unique }: Facts, byName: NameKind | undefined): Choice {
  const token: Rule = { token: { form: 'uuid' } };
  if (byName === 'secret') return { rules: [token], confidence: 0.85, reason: 'its name says a secret' };
  const reason = whyNotKept(byName, false);
  if (reason !== undefined) return open(`a UUID, but by its name ${reason}`, [token]);
  if (isKey || unique || byName === 'id') return { rules: ['keep'], confidence: 0.8, reason: 'an identifier that tells of nobody' };
  return open('a UUID of unknown use', [token]);
}

function nameKindOf({ name, owner }: Facts): NameKind | undefined {
  const words = wordsOf(name);
  const tableName = wordsOf(owner);
  if (words === 'name' || words === 'nom') {
    if (companies.test(tableName)) return 'company';
    if (people.test(tableName)) return words === 'nom' ? 'last-name' : 'full-name';
  }
  return kindOfName(name);
}

function chooseText(facts: Facts, byName: NameKind | undefined): Choice {
  const { profile, name } = facts;
  const { main, count } = profile;
  const byValue = main && implied[main.kind];
  const said = main
    ? `${percent(main.share)} of ${count} sampled values are ${kindNames[main.kind]}`
    : `no kind is seen in ${count} sampled values`;

  if (byName === 'special' || byName === 'birth' || byName === 'gender')
    return open(`by its name ${whyNotKept(byName, false)}; ${said}`, [null]);
  if (main && byValue) {
    const rules = byValue === 'password' ? passwordRules(main.kind) : (rulesOfKind[byValue] ?? []);
    const fits = byName === byValue || (byValue === 'phone' && byName === 'number-of-person');
    if (fits && main.share >= 0.5) return { rules, confidence: main.share >= 0.9 ? 0.98 : 0.9, reason: `name and values agree: ${said}` };
    // Free text that happens to be an address each time is still free text.
    if (main.share >= 0.9 && byName !== 'prose') return { rules, confidence: 0.9, reason: said };
    if (byName === undefined || main.share >= 0.05) {
      const mixed = byName === 'prose' ? (rulesOfKind.prose ?? []) : rules;
      if (byName === 'prose') return { rules: mixed, confidence: 0.85, reason: `its name says free text; ${said}` };
      return open(`values of more than one kind: ${said}`, mixed);
    }
  }
  if (byName === 'password') {
    return count === 0
      ? { rules: passwordRules(undefined), confidence: 0.6, reason: 'its name says a password; no values were there to look at' }
      : open(`its name says a password, but its scheme is not known: ${said}`, passwordRules(undefined));
  }
  if (byName && provable.has(byName)) {
    const rules = rulesOfKind[byName] ?? [];
    if (count === 0) return { rules, confidence: 0.6, reason: `its name says ${spoken(byName)}; no values were there to look at` };
    return open(`its name says ${spoken(byName)}, but ${said}`, rules);
  }
  if (byName === 'person') return open(`its name says somebody, by name or by login: ${said}`, [...(rulesOfKind.person ?? []), 'login']);
  if (byName && rulesOfKind[byName]) {
    const rules = rulesOfKind[byName] ?? [];
    if (main?.kind === 'number' && main.share >= 0.5 && names.has(byName))
      return open(`its name says ${spoken(byName)}, but ${said}`, rules);
    return {
      rules,
      confidence: count === 0 ? 0.6 : 0.85,
      reason: `its name says ${spoken(byName)}${count === 0 ? '; no values were there to look at' : ''}`,
    };
  }
  if (main?.kind === 'url' && main.share >= 0.9) return { rules: ['url', 'text'], confidence: 0.8, reason: said };
  if (main?.kind === 'prose' && main.share >= 0.2) return { rules: ['text'], confidence: 0.8, reason: said };
  if (main?.kind === 'uuid' && main.share >= 0.95) {
    if (byName === 'id' || facts.isKey) return { rules: ['keep'], confidence: 0.75, reason: `an identifier: ${said}` };
    return open(said, [{ token: { form: 'uuid' } }]);
  }
  const few = profile.isCode && count >= 20 && profile.distinct <= Math.max(12, count * 0.02);
  if (byName === 'locale' && profile.isCode)
    return { rules: ['keep'], confidence: 0.8, reason: 'its name and its short values say a language, country, currency or time zone' };
  if (few && profile.share('first-name') >= 0.2)
    return open(`${percent(profile.share('first-name'))} of ${count} sampled values are first names`, ['first-name']);
  if ((byName === 'code' || byName === 'flag') && few)
    return {
      rules: ['keep'],
      confidence: 0.75,
      reason: `its name says a code, and ${count} sampled values have ${profile.distinct} distinct ones`,
    };
  if (count === 0) return open(`neither "${name}" nor values say what it is: all that were looked at are empty`, ['text']);
  return open(
    few
      ? `${count} sampled values have ${profile.distinct} distinct short ones, but names can look like that too`
      : `neither its name nor its values say what it is: ${said}`,
    few ? ['keep'] : ['text'],
  );
}

/** Kinds that values would confirm if the name were right. */
const provable: ReadonlySet<NameKind> = new Set(['email', 'phone', 'ip', 'image']);
const names: ReadonlySet<NameKind> = new Set(['first-name', 'last-name', 'full-name', 'company', 'street', 'city']);

function chooseBinary({ profile, unique, isKey }: Facts, byName: NameKind | undefined): Choice {
  const { main, count } = profile;
  if (main?.kind === 'image' && main.share >= 0.5)
    return { rules: ['image'], confidence: 0.95, reason: `${percent(main.share)} of ${count} sampled values are pictures` };
  if (byName === 'image') return { rules: ['image'], confidence: count === 0 ? 0.6 : 0.7, reason: 'its name says a picture' };
  if (byName === 'ip' && profile.longest <= 16)
    return { rules: ['ip'], confidence: 0.85, reason: 'its name says an IP address, and no value has more than 16 bytes' };
  const reason = whyNotKept(byName, false);
  if (reason !== undefined) return open(`bytes, but by its name ${reason}`, [null, { hash: {} }]);
  if ((isKey || unique || byName === 'id') && profile.longest <= 16)
    return { rules: ['keep'], confidence: 0.7, reason: 'an identifier of at most 16 bytes' };
  if (byName === 'password') return open('its name says a password, but its scheme is not known', [{ hash: {} }]);
  return open('bytes of unknown use', [null, { constant: '' }]);
}

function chooseDate({ profile, subject, type }: Facts, byName: NameKind | undefined): Choice {
  const shift: Rule[] = subject === undefined ? [] : [{ 'date-shift': { subject, days: 365 } }];
  if (byName === 'birth') return { rules: [...shift, null], confidence: 0.9, reason: 'its name says a date of birth, or of a life' };
  if (byName === 'special') return open(`a date, but by its name ${whyNotKept(byName, true)}`, [null]);
  if (byName === 'moment')
    return { rules: ['keep'], confidence: type === 'datetime' ? 0.75 : 0.65, reason: 'its name says when something was done' };
  return open(profile.count === 0 ? 'a date of unknown use; no values were there to look at' : 'a date of unknown use', ['keep', ...shift]);
}

function chooseNumber({ unique, isKey, type }: Facts, byName: NameKind | undefined): Choice {
  if (byName === 'geo') return { rules: [null], confidence: 0.85, reason: 'its name says where somebody is' };
  if (byName === 'money') return { rules: [null], confidence: 0.8, reason: 'its name says what somebody earns' };
  const reason = whyNotKept(byName, false);
  if (reason !== undefined) return open(`a number, but by its name ${reason}`, [null]);
  if (isKey || unique) return { rules: ['keep'], confidence: 0.9, reason: 'a number that is a key' };
  if (byName === 'id') return { rules: ['keep'], confidence: 0.7, reason: 'its name says an identifier, and it is a number' };
  if (byName === 'flag' || byName === 'code') return { rules: ['keep'], confidence: 0.75, reason: 'its name says a state or a code' };
  return open(type === 'bit' ? 'bits of unknown use' : 'a number of unknown use', ['keep']);
}

/** Types that hold one thing only. */
const addressTypes = new Set(['inet', 'cidr', 'inet4', 'inet6']);
const movedPlace: Rule = { 'geo-point': 'pair' };

function chooseOther({ sqlType = '', profile }: Facts, byName: NameKind | undefined): Choice {
  if (addressTypes.has(sqlType)) {
    return byName === 'ip'
      ? { rules: ['ip', null], confidence: 0.98, reason: `name and type agree: ${sqlType} holds IP addresses` }
      : { rules: ['ip', null], confidence: 0.9, reason: `its type says IP addresses: ${sqlType}` };
  }
  if (sqlType !== 'point') return open('nothing is known of values of this type', [null]);
  const { count } = profile;
  const places = profile.share('place');
  const said = `${percent(places)} of ${count} sampled points can be a longitude and a latitude`;
  if (count > 0 && places < 0.95) return open(`points, but only ${said}`, [movedPlace, null]);
  if (byName === 'geo') {
    const reason = 'name and type agree: a place, to be moved by up to a kilometre; null where many points are of one person';
    return { rules: [movedPlace, null], confidence: count > 0 ? 0.95 : 0.85, reason };
  }
  const byNameToo = whyNotKept(byName, false);
  if (byNameToo !== undefined) return open(`a point, but by its name ${byNameToo}`, [null, movedPlace]);
  if (count === 0) return open('a point of unknown use; no values were there to look at', [movedPlace, null]);
  return { rules: [movedPlace, null], confidence: 0.75, reason: `its type says a point, and ${said}` };
}

function passwordRules(kind: ValueKind | undefined): Rule[] {
  const scheme = kind && passwordSchemes[kind];
  return [...(scheme === undefined ? [] : [{ password: scheme }]), { password: 'found' }, null];
}

function open(reason: string, rules: readonly Rule[]): Choice {
  return { rules, confidence: 0.4, reason };
}

function spoken(kind: NameKind): string {
  const words: Partial<Record<NameKind, string>> = {
    'number-of-person': 'a number that stands for a person or a company',
    prose: 'free text',
    company: 'a company',
    street: 'an address',
    city: 'a place',
  };
  return words[kind] ?? `${/^[aeio]/.test(kind) ? 'an' : 'a'} ${kind.replace('-', ' ')}`;
}

export function percent(share: number): string {
  return `${share === 1 ? 100 : Math.min(99, Math.floor(share * 100))} %`;
}
