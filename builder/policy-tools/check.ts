import { compilePolicy, type PlanLine, parsePolicy, policyDigest, viewPlan } from '../../anonymizers/index.ts';
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
import { inlineRule, recordedPlaces } from '../recorded-places.ts';
import { surveySources } from '../survey.ts';
import { driftOf, pathDrift } from './drift.ts';
import { withLiveSystem } from './live-system.ts';
import { type Refusal, readRefusal } from './refusal.ts';

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
    const plan = viewPlan(policy, sources);
    const valuesOf: Parameters<typeof pathDrift>[2] = async (source, place) =>
      system.find(({ live }) => live.name === source)?.session.survey((questions) => questions.values(place, signal)) ?? [];
    return {
      version: 1,
      environment: environment.name,
      policyFile: environment.policyFile,
      plan: plan.map(toPlannedPlace),
      recorded: {
        policy: policyDigest(policy),
        sources: [...recordedPlaces(plan)].map(([name, places]) => ({ name, places })),
      },
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
        changes: manifest ? inGroups([...driftOf(manifest, sources), ...(await pathDrift(manifest, sources, valuesOf))]) : [],
      },
    };
  });
}

function toPlannedPlace({ source, section, name, sqlType, decision }: PlanLine): PlannedPlace {
  const place = { source, section, name, ...(sqlType === undefined ? {} : { type: sqlType }) };
  switch (decision.kind) {
    case 'rule':
      return { ...place, rule: `${inlineRule(decision.rule)}${decision.follows ? ' (follows its foreign key)' : ''}` };
    case 'rows':
      return { ...place, rule: rowsText(decision) };
    case 'drop':
    case 'dn':
      return { ...place, rule: decision.kind };
    case 'undecided':
      return place;
  }
}

function rowsText({ rows, where }: Extract<PlanLine['decision'], { kind: 'rows' }>): string {
  const share = rows === 'none' ? ['no rows'] : rows === 'all' ? [] : [`rows: ${inlineRule(rows)}`];
  return [...share, ...(where === undefined ? [] : [`where ${where}`])].join(', ');
}

/** What is new first, then what is gone, then what is another. */
function inGroups(changes: readonly DriftChange[]): DriftChange[] {
  return (['new', 'gone', 'changed'] as const).flatMap((kind) => changes.filter(({ change }) => change === kind));
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
