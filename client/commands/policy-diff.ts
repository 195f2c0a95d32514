import { resolve } from 'node:path';
import { DynDataError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { openRegistry } from '../open-registry.ts';
import { type PolicyPlace, type PolicyPlaces, readPolicyPlaces } from '../policy-places.ts';
import { openProject, readIfThere } from '../project.ts';

export type PolicyDiffOptions = { readonly before: string; readonly after: string };

type Change = { readonly place: string; readonly effect?: 'weaker' | 'stronger' } & (
  | { readonly change: 'added'; readonly after: string }
  | { readonly change: 'removed'; readonly before: string }
  | { readonly change: 'changed'; readonly before: string; readonly after: string }
);

/** `dyn-data policy diff BEFORE AFTER`: rules place by place, whatever the order and the spelling of the two files. */
export async function policyDiff(context: Context, { before, after }: PolicyDiffOptions): Promise<void> {
  const [old, current] = [await readPolicy(context, before), await readPolicy(context, after)];
  const changes = compare(old, current);
  const counts = (['added', 'removed', 'changed'] as const).map(
    (kind) => `${changes.filter(({ change }) => change === kind).length} ${kind}`,
  );
  const effects = (['weaker', 'stronger'] as const).map((kind) => `${changes.filter(({ effect }) => effect === kind).length} ${kind}`);
  const text =
    changes.length === 0
      ? `${before} and ${after} say the same of every place.`
      : [...changes.map(changeLine), '', `${before} → ${after}: ${counts.join(', ')}; ${effects.join(', ')}.`].join('\n');
  context.output.result(text, { version: 1, before, after, changes });
}

/** A file where there is one of that name, else the current policy of the environment of that name. */
async function readPolicy(context: Context, name: string): Promise<PolicyPlaces> {
  const text = await readIfThere(resolve(context.folder, name));
  if (text !== undefined) return readPolicyPlaces(text, name);
  const isPath = /[/\\]|\.ya?ml$/i.test(name);
  if (isPath)
    throw new DynDataError('NOT_FOUND', `There is no file ${name}. Name a policy file, or an environment for its current policy.`);
  const { config } = await openProject(context);
  const policy = await openRegistry(context, config.registry).policyText(name);
  return readPolicyPlaces(policy.text, `The policy of the environment "${name}"`);
}

function compare(before: PolicyPlaces, after: PolicyPlaces): Change[] {
  const places = [...new Set([...before.keys(), ...after.keys()])].sort();
  return places.flatMap((place): Change[] => {
    const [old, current] = [before.get(place), after.get(place)];
    if (old?.text === current?.text) return [];
    const effect = effectOf(old, current);
    const changed = { place, ...(effect ? { effect } : {}) };
    if (!old) return [{ ...changed, change: 'added', after: current?.text ?? '' }];
    return current
      ? [{ ...changed, change: 'changed', before: old.text, after: current.text }]
      : [{ ...changed, change: 'removed', before: old.text }];
  });
}

/** Whether more or less of the real data leaves; undefined where that cannot be told, or nothing decides the place on one side. */
function effectOf(before: PolicyPlace | undefined, after: PolicyPlace | undefined): Change['effect'] {
  const old = before ? before.strength : after?.otherwise;
  const current = after ? after.strength : before?.otherwise;
  // A new place that is kept: what nobody had decided leaves as it is.
  if (!before && old === undefined) return current === 0 ? 'weaker' : undefined;
  if (old === undefined || current === undefined || old === current) return undefined;
  return current < old ? 'weaker' : 'stronger';
}

/** A constant can be a whole certificate. */
const shownChars = 100;

function changeLine(change: Change): string {
  const short = (text: string): string => (text.length > shownChars ? `${text.slice(0, shownChars - 1)}…` : text);
  const effect = change.effect ? ` (${change.effect})` : '';
  switch (change.change) {
    case 'added':
      return `+ ${change.place}: ${short(change.after)}${effect}`;
    case 'removed':
      return `- ${change.place}: ${short(change.before)}${effect}`;
    case 'changed':
      return `~ ${change.place}: ${short(change.before)} → ${short(change.after)}${effect}`;
  }
}
