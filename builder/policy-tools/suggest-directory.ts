import type { DirectoryEntry, LiveSource } from '../../anonymizers/index.ts';
import { type Choice, choose } from './choose.ts';
import { profileOf } from './profile.ts';
import type { Line, SuggestedSource } from './suggestion.ts';

type LdapSource = Extract<LiveSource, { kind: 'ldap' }>;

const keep = (confidence: number, reason: string): Choice => ({ rules: ['keep'], confidence, reason });

/** Attributes of standard schemas whose meaning is fixed; by lower-case name. */
const standard: Readonly<Record<string, Choice>> = {
  dc: keep(0.8, 'a part of the tree'),
  ou: keep(0.7, 'names of units, which build the tree'),
  c: keep(0.8, 'a country'),
  uidnumber: keep(0.7, 'a number of the system'),
  gidnumber: keep(0.7, 'a number of the system'),
  loginshell: keep(0.8, 'a program'),
  initials: { rules: [{ constant: 'XX' }], confidence: 0.85, reason: 'letters of a name' },
  cn: { rules: ['full-name'], confidence: 0.8, reason: 'the common name: of people, first and last name' },
  gecos: { rules: ['full-name'], confidence: 0.8, reason: 'first and last name' },
  homedirectory: { rules: [{ template: '/home/{uid}' }], confidence: 0.7, reason: 'holds the login' },
  memberuid: { rules: ['login'], confidence: 0.9, reason: 'the login of a member' },
};

/** Attributes that no copy needs, and that tell of a person or open a door. */
const droppedBecause: Readonly<Record<string, string>> = {
  usercertificate: 'a certificate names its owner',
  usersmimecertificate: 'a certificate names its owner',
  sshpublickey: 'a key of the real system',
  userpkcs12: 'a key of the real system',
};

/** @param undecided the attributes that no built-in rule decides */
export function suggestDirectory(
  source: LdapSource,
  entries: readonly DirectoryEntry[],
  undecided: readonly string[],
): Extract<SuggestedSource, { kind: 'ldap' }> {
  const naming = namingOf(source, entries);
  const attributes = undecided.map((attribute) => suggestAttribute(source, attribute, entries));
  const choiceOf = (type: string): Choice | undefined => attributes.find(({ name }) => baseName(name) === type)?.choice ?? standard[type];
  const special = new Map<string, Line[]>();
  const dn: Line[] = [];
  for (const [type, classes] of [...naming].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const choice = type === 'cn' ? namesOfThings(classes) : choiceOf(type);
    if (type === 'cn' && choice) {
      for (const objectClass of [...classes].filter((name) => !isPerson(name)).sort()) {
        special.set(objectClass, [{ place: `${source.name} class ${objectClass} attribute cn`, name: 'cn', choice, taken: 0 }]);
      }
    }
    const place = `${source.name} dn ${type}`;
    const spelled = attributes.find(({ name }) => baseName(name) === type)?.name ?? type;
    dn.push({ place, name: spelled, choice: choice ?? { rules: [], confidence: 0, reason: 'entries are named by it' }, taken: 0 });
  }
  return {
    name: source.name,
    kind: 'ldap',
    entries: entries.length,
    attributes,
    classes: [...special].map(([objectClass, lines]) => ({ objectClass, lines })),
    dn,
  };
}

function suggestAttribute(source: LdapSource, attribute: string, entries: readonly DirectoryEntry[]): Line {
  const name = baseName(attribute);
  const place = `${source.name} attribute ${attribute}`;
  const dropped = droppedBecause[name];
  if (dropped !== undefined)
    return { place, name: attribute, choice: { rules: ['drop'], confidence: 0.8, reason: dropped }, taken: 0, isDropped: true };
  const fixed = standard[name];
  if (fixed) return { place, name: attribute, choice: fixed, taken: 0 };
  const profile = profileOf(entries.flatMap((entry) => [...(entry.attributes.get(attribute) ?? [])]));
  const facts = { name: attribute, owner: '', unique: false, isKey: false, profile };
  const type = profile.share('image') >= 0.5 ? 'binary' : 'text';
  return { place, name: attribute, choice: choose({ ...facts, type }), taken: 0 };
}

/** A name is kept where only groups, roles and services carry it; where people do, a person must say how they are told apart. */
function namesOfThings(classes: ReadonlySet<string>): Choice {
  if ([...classes].some(isPerson))
    return { rules: ['login'], confidence: 0.4, reason: 'entries of people are named by it, and full names are not unique' };
  const what = [...classes].sort().join(', ');
  return keep(0.65, what === '' ? 'the names of services' : `the names of entries of ${what}; look whether one is named after a person`);
}

function isPerson(objectClass: string): boolean {
  return /person|account|user/i.test(objectClass);
}

/** Attribute types, in lower case, that stand in DNs below the base, with the structural classes of the entries they name. */
function namingOf(source: LdapSource, entries: readonly DirectoryEntry[]): Map<string, Set<string>> {
  const suffixes = source.bases.map((base) => `,${base.toLowerCase()}`);
  /** What stands before a base. */
  const below = (dn: string): string | undefined => {
    const suffix = suffixes.find((one) => dn.toLowerCase().endsWith(one));
    return suffix === undefined ? undefined : dn.slice(0, -suffix.length);
  };
  const found = new Map<string, Set<string>>();
  const add = (type: string, objectClass: string | undefined): void => {
    const classes = found.get(type) ?? new Set();
    found.set(type, classes);
    if (objectClass !== undefined) classes.add(objectClass);
  };
  for (const { dn, attributes } of entries) {
    const structural = textOf(attributes.get('structuralObjectClass')?.[0]) || textOf(attributes.get('objectClass')?.at(-1));
    for (const [at, type] of typesOf(below(dn) ?? '').entries()) add(type, at === 0 ? structural : undefined);
    for (const values of attributes.values()) {
      for (const value of values) {
        // Longer ones are no DNs, and need not be looked through.
        const text = value.length > 1000 ? '' : textOf(value);
        if (/^[A-Za-z][\w.-]*=/.test(text)) for (const type of typesOf(below(text) ?? '')) add(type, undefined);
      }
    }
  }
  return found;
}

/** The attribute types of the components, the first component first. */
function typesOf(names: string): string[] {
  return names.split(/(?<!\\)[,+]/).flatMap((part) => /^\s*([A-Za-z][\w.-]*)=/.exec(part)?.[1]?.toLowerCase() ?? []);
}

function textOf(value: Uint8Array | undefined): string {
  return value === undefined ? '' : Buffer.from(value).toString('utf8');
}

/** Without options: `userCertificate` of `userCertificate;binary`. */
function baseName(attribute: string): string {
  return (attribute.split(';')[0] ?? attribute).toLowerCase();
}
