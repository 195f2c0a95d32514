import { compilePolicy, type LiveSource, type PlanLine, parsePolicy, policyDigest, viewPlan } from '../../anonymizers/index.ts';
import {
  type BlobReader,
  type CatalogReader,
  type Digest,
  type DriftChange,
  decodeManifest,
  type Manifest,
  type PlannedPlace,
  type PolicyCheck,
  type SnapshotRecord,
} from '../../core/index.ts';
import type { BuildEnvironment } from '../environment.ts';
import { surveySources } from '../survey.ts';
import { withLiveSystem } from './live-system.ts';
import { type Refusal, readRefusal } from './refusal.ts';
import { inlineRule } from './write-suggestion.ts';

/**
 * Holds the environment's policy against its live systems, as a build does before it reads a row.
 * @throws DynDataError KEY_MISSING, KEY_INVALID, SECRET_MISSING, POLICY_INVALID for a policy that cannot be parsed, those of the sources.
 */
export async function checkPolicy(
  environment: BuildEnvironment,
  stored: { readonly blobs: BlobReader; readonly catalog: CatalogReader },
  signal: AbortSignal,
): Promise<PolicyCheck> {
  const key = await environment.key();
  const policy = parsePolicy(await environment.policyText(), environment.policyFile);
  const newest = await newestSnapshot(environment, stored.catalog, signal);
  const manifest = newest && (await readManifest(newest.manifestDigest, stored.blobs, signal));
  return withLiveSystem(environment, signal, async (system) => {
    const sources = system.map(({ live }) => live);
    let refusal: Refusal = { invalid: [], undecided: [], patch: [] };
    try {
      const compiled = compilePolicy({ policy, key, sources });
      await surveySources(
        compiled,
        system.map(({ session }) => session),
        signal,
      );
      for (const { session } of system) await session.checkNames?.(compiled, signal);
    } catch (error) {
      refusal = readRefusal(error);
    }
    return {
      version: 1,
      environment: environment.name,
      policyFile: environment.policyFile,
      plan: viewPlan(policy, sources).map(toPlannedPlace),
      invalid: [...refusal.invalid],
      undecided: [...refusal.undecided],
      patch: [...refusal.patch],
      drift: {
        ...(newest && manifest
          ? {
              since: {
                digest: newest.digest,
                takenAt: newest.provenance.takenAt,
                policyChanged: manifest.policy.digest !== policyDigest(policy),
              },
            }
          : {}),
        changes: manifest ? driftOf(manifest, sources) : [],
      },
    };
  });
}

function toPlannedPlace({ source, section, name, sqlType, decision }: PlanLine): PlannedPlace {
  const place = { source, section, name, ...(sqlType === undefined ? {} : { type: sqlType }) };
  switch (decision.kind) {
    case 'rule':
      return { ...place, rule: `${inlineRule(decision.rule)}${decision.follows ? ' (follows its foreign key)' : ''}` };
    case 'drop':
      return { ...place, rule: name === '' ? 'no rows' : 'drop' };
    case 'dn':
      return { ...place, rule: 'dn' };
    case 'undecided':
      return place;
  }
}

async function newestSnapshot(
  environment: BuildEnvironment,
  catalog: CatalogReader,
  signal: AbortSignal,
): Promise<SnapshotRecord | undefined> {
  let newest: SnapshotRecord | undefined;
  for await (const record of catalog.snapshots(environment.repository, { signal })) {
    if (record.environment !== environment.name) continue;
    if (!newest || record.provenance.takenAt > newest.provenance.takenAt) newest = record;
  }
  return newest;
}

async function readManifest(digest: Digest, blobs: BlobReader, signal: AbortSignal): Promise<Manifest> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await blobs.read(digest, { signal })).bytes) pieces.push(piece);
  return decodeManifest(Buffer.concat(pieces));
}

/** What is new in the live systems, then what is gone; columns only of tables that both have and whose columns the snapshot names. */
export function driftOf(manifest: Manifest, sources: readonly LiveSource[]): DriftChange[] {
  const news: DriftChange[] = [];
  const gone: DriftChange[] = [];
  const compare = (what: DriftChange['what'], before: Iterable<string>, now: Iterable<string>, placeOf: (name: string) => string): void => {
    const [old, current] = [new Set(before), new Set(now)];
    for (const name of current) if (!old.has(name)) news.push({ change: 'new', what, place: placeOf(name) });
    for (const name of old) if (!current.has(name)) gone.push({ change: 'gone', what, place: placeOf(name) });
  };
  compare(
    'source',
    manifest.sources.map(({ name }) => name),
    sources.map(({ name }) => name),
    (name) => name,
  );
  for (const live of sources) {
    const taken = manifest.sources.find(({ name }) => name === live.name);
    if (!taken) continue;
    if (live.kind === 'ldap') {
      const known = taken.tables[0]?.columns;
      if (known) compare('attribute', known, live.attributes, (name) => `${live.name} attribute ${name}`);
      continue;
    }
    const idOf = ({ schema, name }: { readonly schema: string; readonly name: string }): string => `${schema}.${name}`;
    compare('table', taken.tables.map(idOf), live.tables.map(idOf), (name) => `${live.name} ${name}`);
    for (const table of live.tables) {
      const known = taken.tables.find((one) => idOf(one) === idOf(table))?.columns;
      if (known)
        compare(
          'column',
          known,
          table.columns.map(({ name }) => name),
          (name) => `${live.name} ${idOf(table)}.${name}`,
        );
    }
  }
  return [...news, ...gone];
}
