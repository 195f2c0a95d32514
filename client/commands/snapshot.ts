import type { SnapshotView } from '../../core/contract.ts';
import { DynDataError } from '../../core/errors.ts';
import type { Pin } from '../../core/pins.ts';
import type { Context } from '../context.ts';
import { formatAge, formatBytes, formatCount, formatDuration, formatFacts } from '../format.ts';
import { operate } from './operators.ts';

/** `dyn-data snapshot show REF`: everything the registry knows of one snapshot. */
export async function snapshotShow(context: Context, text: string): Promise<void> {
  const { api, find } = await operate(context);
  const { repository, digest } = await find(text);
  const snapshot = await api.snapshot(repository, digest);
  const pins = await pinsOf(api.pins(repository), digest);
  context.output.result(describe(snapshot, pins, context.now()), { version: 1, snapshot, pins });
}

export type SnapshotRemoveOptions = { readonly reference: string; readonly tags: readonly string[]; readonly pins: readonly string[] };

/**
 * `dyn-data snapshot rm REF` and `dyn-data rm REF`: a tag that names the snapshot here goes with it; any other tag, and every pin, must be
 * named.
 */
export async function snapshotRemove(context: Context, { reference: text, tags, pins }: SnapshotRemoveOptions): Promise<void> {
  const { api, find } = await operate(context);
  const { repository, digest, reference } = await find(text);
  const named = { tags: [...('tag' in reference ? [reference.tag] : []), ...tags], pins: [...pins] };
  await api.removeSnapshot(repository, digest, named);
  context.output.result(
    `Removed ${digest} from ${repository}${named.tags.length > 0 ? `, with ${named.tags.join(', ')}` : ''}. The collector frees its space later.`,
    { version: 1, repository, digest, ...named },
  );
}

export type SnapshotPinOptions = {
  readonly reference: string;
  readonly why: string;
  readonly until: string | undefined;
};

/** `dyn-data snapshot pin REF --why TEXT`: holds a snapshot back from retention and removal. */
export async function snapshotPin(context: Context, { reference, why, until }: SnapshotPinOptions): Promise<void> {
  const { api, find } = await operate(context);
  const { repository, digest } = await find(reference);
  const pin = await api.pin(repository, digest, {
    why,
    ...(until === undefined ? {} : { until: timeOf(until).toISOString() }),
  });
  context.output.result(`Pinned ${digest}${pin.until === undefined ? '' : ` until ${pin.until}`}\n  pin ${pin.id}`, pin);
}

/** `dyn-data snapshot unpin REF [--pin ID]`: takes one pin of it away, or the only one. */
export async function snapshotUnpin(
  context: Context,
  { reference, pin }: { readonly reference: string; readonly pin: string | undefined },
): Promise<void> {
  const { api, find } = await operate(context);
  const { repository, digest } = await find(reference);
  const pins = await pinsOf(api.pins(repository), digest);
  const id = pin ?? pins[0]?.id;
  if (id === undefined)
    throw new DynDataError(
      'PIN_UNKNOWN',
      `Nothing pins ${digest}, so there is no pin to take away. Run \`dyn-data ls\` to see what is pinned.`,
    );
  if (pin === undefined && pins.length > 1)
    throw new DynDataError('USAGE', 'There are several pins. Say which one with --pin.', { details: pins.map(pinLine) });
  await api.unpin(repository, digest, id);
  context.output.result(`Unpinned ${digest}: pin ${id}`, { version: 1, repository, digest, pin: id });
}

export async function pinsOf(all: AsyncIterable<Pin>, digest: string): Promise<Pin[]> {
  const pins: Pin[] = [];
  for await (const pin of all) if (pin.digest === digest) pins.push(pin);
  return pins;
}

export const pinLine = ({ id, by, why, until }: Pin): string => `${id}  by ${by}${until === undefined ? '' : ` until ${until}`}: ${why}`;

function describe(snapshot: SnapshotView, pins: readonly Pin[], now: Date): string {
  const { provenance, sources } = snapshot;
  const facts: readonly (readonly [string, string])[] = [
    ['repository', snapshot.repository],
    ['digest', snapshot.digest],
    ['tags', snapshot.tags.join(', ') || '-'],
    ['environment', snapshot.environment],
    ['taken', `${provenance.takenAt} (${formatAge(new Date(provenance.takenAt), now)} ago, in ${formatDuration(provenance.durationMs)})`],
    ['size', formatBytes(snapshot.sizeBytes)],
    ['rows', formatCount(snapshot.rows)],
    ...sources.map(
      ({ name, kind, tables, rows, consistent }) =>
        [`  ${name}`, `${kind}, ${formatCount(rows)} rows in ${tables} tables${consistent ? '' : ', not of one point in time'}`] as const,
    ),
    ...pins.map((pin) => ['pin', pinLine(pin)] as const),
  ];
  return formatFacts(facts);
}

function timeOf(text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new DynDataError('USAGE', `"${text}" is no time. Give a date (2024-12-31) or a time (2024-12-31T18:00:00Z).`);
}
