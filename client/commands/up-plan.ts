import { emptyManifest } from '../../core/empty-manifest.ts';
import { DynDataError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { dependencyLevels } from '../../core/ordering.ts';
import { requireMatchingSources, type Stack, type StackService } from '../compose.ts';
import type { Context } from '../context.ts';
import type { Engine } from '../engine.ts';
import { fitTable } from '../fitted-table.ts';
import { formatBytes, formatCount, shortDigest } from '../format.ts';
import { type Held, readHeldSnapshots } from '../held-snapshot.ts';
import { type Hook, requireSpokenHooks } from '../hooks.ts';
import { lockDifferences, requireLocked } from '../locked-environment.ts';
import type { StackLock } from '../lockfile.ts';
import { heldName, isOf } from '../marker.ts';
import type { RegistryApi } from '../registry-api.ts';
import type { Choice } from '../snapshot-choice.ts';
import { readSnapshotManifest } from '../snapshot-manifest.ts';
import { findStackImages } from '../stack-images.ts';

export type UpPlanOptions = {
  readonly engine: Engine;
  readonly stack: Stack;
  readonly api: RegistryApi;
  readonly choice: Choice;
  readonly lock: StackLock | undefined;
  readonly hooks: readonly Hook[];
  readonly empty: boolean;
  readonly replace: boolean;
};

/**
 * What would become of a data service: `keep` what it holds, which is this snapshot; `restore` into an empty one, `resume` an interrupted restore;
 * `replace` what it holds; `unknown` where it does not run and so cannot be asked what its volume holds.
 */
type DataAction = 'keep' | 'restore' | 'resume' | 'replace' | 'unknown';

type PlannedService = {
  readonly service: string;
  /** Services of the same step start at once. */
  readonly step: number;
  readonly state: string;
  readonly image: string;
  readonly imageIsHere: boolean;
  readonly source?: string;
  readonly data?: DataAction;
  /** What it holds now, as it was asked for. */
  readonly holds?: string;
  readonly rows?: number;
  readonly sizeBytes?: number;
};

const columns = [
  { header: 'STEP' },
  { header: 'SERVICE' },
  { header: 'NOW', dispensable: 2 },
  { header: 'IMAGE', dispensable: 3 },
  { header: 'DATA' },
  { header: 'ROWS', dispensable: 1 },
];

/** `dyn-data up --dry-run`: what `up` would do, in its order. Pulls, starts and changes nothing. */
export async function showUpPlan(context: Context, options: UpPlanOptions): Promise<void> {
  const { engine, stack, api, choice, lock, empty, replace } = options;
  const imageIsHere = (await engine.image(choice.image)) !== undefined;
  const snapshot = await readSnapshotManifest(api, choice.repository, choice.digest).catch((error: unknown) => {
    // What is here already can be brought up without the registry, so its absence is no failure of the plan.
    const isAway = error instanceof DynDataError && (error.code === 'REGISTRY_UNREACHABLE' || error.code === 'SNAPSHOT_UNKNOWN');
    if (isAway && imageIsHere) return undefined;
    throw error;
  });
  if (snapshot) {
    const sources = snapshot.manifest.sources.map(({ name }) => name);
    requireMatchingSources(stack, sources);
  }
  const manifest = snapshot && (empty ? emptyManifest(snapshot.manifest) : snapshot.manifest);
  if (manifest) requireSpokenHooks(options.hooks, stack, manifest);
  const services = await planServices(context, options, manifest);
  if (lock) await requireLockedNow(context, options, lock, services);
  const layers = snapshot?.image.layers ?? [];
  const sizeBytes = layers.reduce((sum, { size }) => sum + size, snapshot?.image.config.size ?? 0);
  const dataImage = imageIsHere ? { pull: false as const } : { pull: true as const, layers: layers.length, sizeBytes };
  const rows = services.map(({ service, step, state, image, imageIsHere: isHere, data, holds, rows: count, sizeBytes: bytes }) => [
    String(step),
    service,
    state,
    isHere ? 'here' : `pull ${image}`,
    data === undefined ? '' : dataText(data, holds, replace),
    count === undefined ? '' : `${formatCount(count)} (${formatBytes(bytes ?? 0)})`,
  ]);
  const lines = [
    `Plan for ${stack.project} with ${choice.reference} (${shortDigest(choice.digest)})${empty ? ', empty' : ''}; nothing is changed.`,
    dataImage.pull
      ? `The data image would be pulled: ${dataImage.layers} layers, ${formatBytes(dataImage.sizeBytes)} at most.`
      : 'The data image is here.',
    '',
    fitTable(columns, rows, context.output.columns),
    ...hookLines(options.hooks, services),
  ];
  const { reference, repository, digest, image, from } = choice;
  context.output.result(lines.join('\n'), {
    version: 1,
    dryRun: true,
    empty,
    project: stack.project,
    reference,
    repository,
    digest,
    from,
    image,
    dataImage,
    services,
    hooks: options.hooks.map(({ moment, service, name, action }) => ({ moment, service, name, kind: action.kind })),
  });
}

/** In the order in which they run in a service; and which do not, since nothing would be restored. */
function hookLines(hooks: readonly Hook[], services: readonly PlannedService[]): string[] {
  const kept = new Set(services.filter(({ data }) => data === 'keep').map(({ service }) => service));
  const lines = hooks.map(({ moment, service, name, action }) => {
    const when = moment !== 'after-up' && kept.has(service) ? ', not now: nothing is restored into it' : '';
    return `  ${moment} in ${service}: ${name} (${action.kind})${when}`;
  });
  return lines.length === 0 ? [] : ['', 'Hooks:', ...lines];
}

async function planServices(context: Context, options: UpPlanOptions, manifest: Manifest | undefined): Promise<PlannedService[]> {
  const { engine, stack, choice, empty, replace } = options;
  await using found = await readHeldSnapshots(context, stack);
  const held = new Map(found.held.map((one) => [one.service.name, one]));
  const planned: PlannedService[] = [];
  for (const [index, level] of dependencyLevels(stack.graph).entries()) {
    for (const name of level) {
      const service = stack.services.get(name);
      if (!service) continue;
      const state = found.containers.find((container) => container.service === name)?.status ?? 'absent';
      const imageIsHere = (await engine.image(service.image)) !== undefined;
      const base = { service: name, step: index + 1, state, image: service.image, imageIsHere };
      planned.push({ ...base, ...dataPlan(service, held.get(name), manifest, { digest: choice.digest, empty, replace }) });
    }
  }
  return planned;
}

function dataPlan(
  service: StackService,
  held: Held | undefined,
  manifest: Manifest | undefined,
  wanted: { readonly digest: string; readonly empty: boolean; readonly replace: boolean },
): Pick<PlannedService, 'source' | 'data' | 'holds' | 'rows' | 'sizeBytes'> {
  if (service.source === undefined || !held) return {};
  const source = manifest?.sources.find(({ name }) => name === service.source);
  const counts = source && {
    rows: source.tables.reduce((sum, { rows }) => sum + rows, 0),
    sizeBytes: source.tables.reduce((sum, table) => sum + table.sizeBytes, 0),
  };
  const holds = held.marker === undefined ? {} : { holds: heldName(held.marker) };
  return { source: service.source, data: dataAction(held, wanted), ...holds, ...counts };
}

/** As the restore itself decides it. */
export function dataAction(
  { state, marker }: Pick<Held, 'state' | 'marker'>,
  { digest, empty, replace }: { readonly digest: string; readonly empty: boolean; readonly replace: boolean },
): DataAction {
  if (replace) return 'replace';
  if (state === 'not-running') return 'unknown';
  if (state === 'none') return 'restore';
  const isThis = marker !== undefined && isOf(marker, { digest, empty });
  if (state === 'restoring') return isThis ? 'resume' : 'replace';
  return isThis ? 'keep' : 'replace';
}

function dataText(action: DataAction, holds: string | undefined, isAsked: boolean): string {
  switch (action) {
    case 'keep':
      return 'keep: it holds this snapshot';
    case 'resume':
      return 'go on with the interrupted restore';
    case 'restore':
      return 'restore, if it is empty; else refuse';
    case 'replace':
      return holds === undefined && isAsked ? 'replace whatever it holds' : `replace ${holds ?? 'what it holds'}`;
    case 'unknown':
      return 'restore, unless its volume holds it';
  }
}

/** As `up --locked`, but an image that is not here, and would be pulled and looked at then, is taken for the locked one. */
async function requireLockedNow(
  context: Context,
  options: UpPlanOptions,
  lock: StackLock,
  services: readonly PlannedService[],
): Promise<void> {
  const { engine, stack, choice } = options;
  const absent = new Set(services.filter(({ imageIsHere }) => !imageIsHere).map(({ service }) => service));
  const here = { ...stack, services: new Map([...stack.services].filter(([name]) => !absent.has(name))) };
  const found = await findStackImages(context, engine, here);
  const assumed = [...absent].flatMap((name) => {
    const locked = lock.images[name];
    return locked ? [[name, locked] as const] : [];
  });
  requireLocked(lockDifferences(lock, { choice, images: { ...Object.fromEntries(assumed), ...found } }));
}
