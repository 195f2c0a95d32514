import { unmaskable } from './anonymizer.ts';
import type { DirectoryEntry } from './api.ts';
import { type Decision, type DirectoryRules, decisionOf } from './directory-rules.ts';
import { canonicalType } from './dn.ts';

/** What is asked of an attribute in every entry, found out once for each description. */
export type Described = {
  readonly description: string;
  readonly type: string;
  /** Where other attributes' rules read it; -1 where none does. */
  readonly slot: number;
  /** For messages. */
  readonly place: string;
  /** Counts up from 0. */
  readonly number: number;
};

export type Describe = (description: string) => Described;

export function createDescriptions(sourceName: string, slots: readonly string[]): Describe {
  const known = new Map<string, Described>();
  return (description) => {
    const found = known.get(description);
    if (found) return found;
    const type = canonicalType(description);
    const place = `${sourceName} attribute ${description}`;
    const described = { description, type, slot: slots.indexOf(type), place, number: known.size };
    known.set(description, described);
    return described;
  };
}

/** What happens to an attribute of an entry. @throws DynDataError DATA_UNMASKABLE */
export type DecisionsOf = (entry: DirectoryEntry) => (attribute: Described) => Decision;

/** Kinds of entries that are remembered; a directory has few. */
const mostKinds = 1_000;

export function createDecisions(rules: DirectoryRules): DecisionsOf {
  const undecided = (attribute: Described) => unmaskable(attribute.place, 'no rule of the policy decides it', 'Add it to the policy.');
  /** Decisions of the entries that the same special rules are for, by the attribute's number. */
  const byKind = new Map<string, (Decision | undefined)[]>();
  const kindOf = createKinds(rules);
  return (entry) => {
    const kind = kindOf(entry);
    let decisions = byKind.get(kind);
    if (!decisions) {
      decisions = [];
      byKind.set(kind, decisions);
    }
    const known = decisions;
    let isService: boolean | undefined;
    return (attribute) => {
      if (rules.services.isAny && attribute.type === 'userpassword') {
        isService ??= rules.services.matches(entry);
        if (isService) return kept;
      }
      const found = known[attribute.number];
      if (found) return found;
      const special = rules.special.filter((_, index) => kind[index] === matched).map(({ decisions: section }) => section);
      for (const section of [...special, rules.all]) {
        const decision = decisionOf(section, attribute.description);
        if (!decision) continue;
        known[attribute.number] = decision;
        return decision;
      }
      throw undecided(attribute);
    };
  };
}

const matched = '1';

/** Which of the special rules are an entry's: a digit for each. Mostly its classes alone tell. */
function createKinds({ special }: DirectoryRules): (entry: DirectoryEntry) => string {
  const match = (entry: DirectoryEntry): string => special.map(({ matches }) => (matches(entry) ? matched : '0')).join('');
  if (special.length === 0) return () => '';
  if (special.some(({ reads }) => [...reads].some((type) => type !== 'objectclass'))) return match;
  const byClasses = new Map<string, string>();
  return (entry) => {
    let classes = '';
    for (const [description, values] of entry.attributes) {
      if (canonicalType(description) !== 'objectclass') continue;
      for (const value of values) classes += `${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')}\n`;
    }
    const known = byClasses.get(classes);
    if (known !== undefined) return known;
    const kind = match(entry);
    if (byClasses.size >= mostKinds) byClasses.clear();
    byClasses.set(classes, kind);
    return kind;
  };
}

const kept: Decision = {
  kind: 'made',
  name: 'keep',
  key: '',
  made: { apply: (value) => value, unique: true, longest: 'input', keeps: true },
};
