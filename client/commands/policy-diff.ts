import { resolve } from 'node:path';
import { DynDataError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Context } from '../context.ts';
import { openRegistry } from '../open-registry.ts';
import { type PolicyPlace, type PolicyPlaces, placesOfRecorded, readPolicyPlaces } from '../policy-places.ts';
import { openProject, readIfThere } from '../project.ts';
import { resolveReference } from '../snapshot-choice.ts';
import { readSnapshotManifest } from '../snapshot-manifest.ts';

export type PolicyDiffOptions = { readonly before: string; readonly after: string };

type Change = { readonly place: string; readonly effect?: 'weaker' | 'stronger' } & (
  | { readonly change: 'added'; readonly after: string }
  | { readonly change: 'removed'; readonly before: string }
  | { readonly change: 'changed'; readonly before: string; readonly after: string }
);

/** What is compared: a file, the present policy of an environment, or what a snapshot records of the one that it was made by. */
type Side = { readonly name: string } & (
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'environment'; readonly text: string }
  | { readonly kind: 'snapshot'; readonly manifest: Manifest }
);

/** Places, and the digest of the whole policy where it is known. */
type Compared = { readonly places: PolicyPlaces; readonly digest?: string };

/** `dyn-data policy diff BEFORE AFTER`: rules place by place, whatever the order and the spelling of the two policies. */
export async function policyDiff(context: Context, { before, after }: PolicyDiffOptions): Promise<void> {
  const sides = [await readSide(context, before), await readSide(context, after)] as const;
  const isRecorded = sides.some(({ kind }) => kind === 'snapshot');
  const [old, current] = isRecorded
    ? [await readRecorded(context, sides[0]), await readRecorded(context, sides[1])]
    : [readWritten(sides[0]), readWritten(sides[1])];
  const changes = compare(old.places, current.places);
  const counts = (['added', 'removed', 'changed'] as const).map(
    (kind) => `${changes.filter(({ change }) => change === kind).length} ${kind}`,
  );
  const effects = (['weaker', 'stronger'] as const).map((kind) => `${changes.filter(({ effect }) => effect === kind).length} ${kind}`);
  const samePolicy = isRecorded ? old.digest === current.digest : undefined;
  const text = [
    ...(changes.length === 0
      ? [`${before} and ${after} say the same of every place.`]
      : [...changes.map(changeLine), '', `${before} → ${after}: ${counts.join(', ')}; ${effects.join(', ')}.`]),
    ...(samePolicy === false && changes.length === 0 ? [unrecorded] : []),
  ].join('\n');
  context.output.result(text, { version: 1, before, after, ...(samePolicy === undefined ? {} : { samePolicy }), changes });
}

const unrecorded =
  'Their policies differ all the same, in what a snapshot does not record: conditions (where, filters, is of when), exceptions with their reasons, or what names nothing.';

/** A file where there is one of that name, else the environment of that name, else a snapshot. */
async function readSide(context: Context, name: string): Promise<Side> {
  const text = await readIfThere(resolve(context.folder, name));
  if (text !== undefined) return { name, kind: 'file', text };
  const isPath = /\.ya?ml$|\\|^[.~]?\//i.test(name);
  if (isPath)
    throw new DynDataError(
      'NOT_FOUND',
      `There is no file ${name}. Name a policy file, an environment for its current policy, or a snapshot.`,
    );
  const project = await openProject(context);
  const api = openRegistry(context, project.config.registry);
  const isReference = /[:@]/.test(name);
  const environment = isReference ? undefined : await api.policyText(name).catch(refusalOf);
  if (environment !== undefined && !(environment instanceof DynDataError)) return { name, kind: 'environment', text: environment.text };
  try {
    const { repository, digest } = await resolveReference(project, api, name);
    return { name, kind: 'snapshot', manifest: (await readSnapshotManifest(api, repository, digest)).manifest };
  } catch (error) {
    const isNeither = error instanceof DynDataError && (error.code === 'TAG_UNKNOWN' || error.code === 'REFERENCE_INVALID');
    throw isNeither && environment !== undefined ? neither(name, environment, error) : error;
  }
}

/** Why the registry gives no policy of that name: whoever may not ask for one may still read snapshots. */
function refusalOf(error: unknown): DynDataError {
  if (error instanceof DynDataError && ['ENVIRONMENT_UNKNOWN', 'ACCESS_DENIED', 'NOT_FOUND'].includes(error.code)) return error;
  throw error;
}

function neither(name: string, environment: DynDataError, snapshot: DynDataError): DynDataError {
  return new DynDataError(
    environment.code,
    `"${name}" is no file, no environment whose policy can be had, and no snapshot. ${environment.message}`,
    { details: [snapshot.message, ...snapshot.details] },
  );
}

function readWritten(side: Side): Compared {
  if (side.kind === 'snapshot') throw new DynDataError('INTERNAL', 'A snapshot has no policy text. Please report it.');
  return { places: readPolicyPlaces(side.text, side.kind === 'file' ? side.name : `The policy of the environment "${side.name}"`) };
}

/** Of an environment what a build would record now: its policy held against the live systems. */
async function readRecorded(context: Context, side: Side): Promise<Compared> {
  if (side.kind === 'snapshot') {
    const { policy, sources, environment } = side.manifest;
    const recorded = sources.flatMap(({ name, places }) => (places ? [{ name, places }] : []));
    if (recorded.length === sources.length) return { places: placesOfRecorded(recorded), digest: policy.digest };
    throw new DynDataError(
      'SNAPSHOT_TOO_OLD',
      `The snapshot ${side.name} has format ${side.manifest.schemaVersion}, which records its policy by digest only. Take a newer one (dyn-data snapshot create ${environment}), or compare policy files.`,
    );
  }
  if (side.kind === 'file') {
    throw new DynDataError(
      'USAGE',
      `A snapshot records the rule in force for every column and attribute, and the file ${side.name} says which those are only when it is held against the live systems. Name the environment that it is the policy of.`,
    );
  }
  const { config } = await openProject(context);
  const { recorded } = await openRegistry(context, config.registry).checkPolicy(side.name);
  if (recorded) return { places: placesOfRecorded(recorded.sources), digest: recorded.policy };
  throw new DynDataError('NOT_FOUND', 'The registry is older than this dyn-data and cannot tell what a snapshot would record. Update it.');
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
