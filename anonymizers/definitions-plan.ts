import type { DefinitionsPlan, LiveDefinition, LiveSource } from './api.ts';
import { isPattern, matchesPattern } from './patterns.ts';
import type { SourcePolicy } from './policy.ts';
import type { Problems } from './rule-maker.ts';
import type { Suggestions } from './suggestions.ts';

type SqlSource = Exclude<LiveSource, { kind: 'ldap' }>;

export type DefinitionsContext = { readonly problems: Problems; readonly suggestions: Suggestions; readonly undecided: string[] };

/** `name`, or `name@digest`: then only as long as the text is what was looked at. */
function names(entry: string, { name, digest }: LiveDefinition): boolean {
  const [written = '', reviewed] = entry.split('@');
  if (reviewed !== undefined && reviewed !== digest) return false;
  return matchesPattern(written, name) || matchesPattern(written, withoutSchema(name));
}

function withoutSchema(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

function commentsIn(policy: SourcePolicy): 'keep' | 'drop' | undefined {
  return [policy, ...(policy.included ?? [])].find(({ comments }) => comments !== undefined)?.comments;
}

/** What a policy says of a text of the structure; several where it contradicts itself, none where it does not decide it. */
export function decisionsOn(definition: LiveDefinition, policy: SourcePolicy): readonly ('keep' | 'drop')[] {
  const levels = [policy, ...(policy.included ?? [])];
  const isListed = (list: (level: SourcePolicy) => readonly string[] | undefined): boolean =>
    levels.some((level) => list(level)?.some((entry) => names(entry, definition)));
  switch (definition.kind) {
    case 'comment':
      return [commentsIn(policy) ?? []].flat();
    case 'default':
      return isListed(({ defaults }) => defaults?.keep) ? ['keep'] : [];
    default:
      return [
        ...(isListed(({ programs }) => programs?.keep) ? (['keep'] as const) : []),
        ...(isListed(({ programs }) => programs?.drop) ? (['drop'] as const) : []),
      ];
  }
}

/** Comments, default values, and the bodies of views, routines, triggers and events can name people; each is decided like a column. */
export function compileDefinitions(source: SqlSource, policy: SourcePolicy, context: DefinitionsContext): DefinitionsPlan {
  const { problems, suggestions, undecided } = context;
  const all = source.definitions ?? [];
  const [firstComment, ...otherComments] = all.filter(({ kind }) => kind === 'comment');
  const comments = commentsIn(policy);
  if (firstComment && comments === undefined) {
    undecided.push(`${source.name} comments (${otherComments.length + 1}, one on ${firstComment.name})`);
    suggestions.comments(source.name);
  }

  for (const definition of all) {
    if (definition.kind !== 'default' || decisionsOn(definition, policy).length > 0) continue;
    undecided.push(`${source.name} default of ${definition.name}`);
    suggestions.listed(source.name, 'defaults', withoutSchema(definition.name));
  }

  const programs = all.filter(({ kind }) => kind !== 'comment' && kind !== 'default');
  const dropped = new Set<string>();
  for (const program of programs) {
    const decisions = decisionsOn(program, policy);
    const [isKept, isDropped] = [decisions.includes('keep'), decisions.includes('drop')];
    const place = `${source.name} ${program.kind} ${program.name}`;
    if (isKept && program.carried === false) problems.invalid.push(`${place}: is not carried; drop it`);
    else if (isKept && isDropped) problems.invalid.push(`${place}: is both kept and dropped`);
    else if (isDropped) {
      dropped.add(program.name);
      if (!program.droppable)
        problems.invalid.push(`${place}: cannot be left out of this kind of source; keep it, or remove it at the source`);
    } else if (!isKept) {
      const isCarried = program.carried !== false;
      undecided.push(isCarried ? `${place} (digest ${program.digest})` : `${place} (it is not carried; drop it in the policy)`);
      if (isCarried) suggestions.listed(source.name, 'programs', `${withoutSchema(program.name)}@${program.digest}`);
      else suggestions.dropped(source.name, program.name);
    }
  }
  for (const { kind, name, neededBy = [] } of programs) {
    if (!dropped.has(name)) continue;
    for (const other of neededBy) {
      if (!dropped.has(other))
        problems.invalid.push(`${source.name} ${kind} ${name}: ${other} needs it, and is not dropped; drop that too, or keep this one`);
    }
  }
  const own = [
    ...[...(policy.programs?.keep ?? []), ...(policy.programs?.drop ?? [])].map((entry) => ({ entry, among: programs, what: 'program' })),
    ...(policy.defaults?.keep ?? []).map((entry) => ({ entry, among: all.filter(({ kind }) => kind === 'default'), what: 'default' })),
  ];
  for (const { entry, among, what } of own) {
    const [name = ''] = entry.split('@');
    if (isPattern(name) || among.some((definition) => names(name, definition))) continue;
    problems.invalid.push(`${source.name} ${what} ${name}: there is no such one`);
  }
  return { comments: comments ?? 'drop', drops: (name) => dropped.has(name) };
}
