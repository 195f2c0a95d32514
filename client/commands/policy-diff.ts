import { resolve } from 'node:path';
import { DynDataError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { openRegistry } from '../open-registry.ts';
import { type PolicyPlaces, readPolicyPlaces } from '../policy-places.ts';
import { openProject, readIfThere } from '../project.ts';

export type PolicyDiffOptions = { readonly before: string; readonly after: string };

type Change =
  | { readonly change: 'added'; readonly place: string; readonly after: string }
  | { readonly change: 'removed'; readonly place: string; readonly before: string }
  | { readonly change: 'changed'; readonly place: string; readonly before: string; readonly after: string };

/** `dyn-data policy diff BEFORE AFTER`: rules place by place, whatever the order and the spelling of the two files. */
export async function policyDiff(context: Context, { before, after }: PolicyDiffOptions): Promise<void> {
  const [old, current] = [await readPolicy(context, before), await readPolicy(context, after)];
  const changes = compare(old, current);
  const counts = (['added', 'removed', 'changed'] as const).map(
    (kind) => `${changes.filter(({ change }) => change === kind).length} ${kind}`,
  );
  const text =
    changes.length === 0
      ? `${before} and ${after} say the same of every place.`
      : [...changes.map(changeLine), '', `${before} → ${after}: ${counts.join(', ')}.`].join('\n');
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
    if (old === current) return [];
    if (old === undefined) return [{ change: 'added', place, after: current ?? '' }];
    return current === undefined
      ? [{ change: 'removed', place, before: old }]
      : [{ change: 'changed', place, before: old, after: current }];
  });
}

/** A constant can be a whole certificate. */
const shownChars = 100;

function changeLine(change: Change): string {
  const short = (text: string): string => (text.length > shownChars ? `${text.slice(0, shownChars - 1)}…` : text);
  switch (change.change) {
    case 'added':
      return `+ ${change.place}: ${short(change.after)}`;
    case 'removed':
      return `- ${change.place}: ${short(change.before)}`;
    case 'changed':
      return `~ ${change.place}: ${short(change.before)} → ${short(change.after)}`;
  }
}
