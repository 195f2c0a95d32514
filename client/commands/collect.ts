import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, collectedKinds } from '../../core/collection.ts';
import { DynDataError, type ErrorCode, errorKinds } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { formatBytes, formatCount, formatTable } from '../format.ts';
import { operate } from './operators.ts';

const pollMs = 500;

/** `dyn-data collect [--dry-run]`: frees what no snapshot needs any more, and waits for the end. */
export async function collect(context: Context, { dryRun }: { readonly dryRun: boolean }): Promise<void> {
  const { api } = await operate(context);
  let collection = await api.createCollection(dryRun);
  context.output.note(`Run ${collection.id} of the collector${dryRun ? ', which removes nothing' : ''}`);
  try {
    while (collection.state === 'running') {
      context.output.live('collect', `${collection.step ?? ''} ${removedText(collection)}`);
      await sleep(pollMs, undefined, { signal: context.signal });
      collection = await api.collection(collection.id);
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new DynDataError('CANCELLED', `Interrupted. The run ${collection.id} goes on in the registry.`);
  } finally {
    context.output.live('collect', undefined);
  }
  if (collection.state === 'failed') throw failure(collection);
  context.output.result(collectionText(collection), collection);
}

function failure({ id, error }: Collection): DynDataError {
  const { code, detail } = error ?? { code: 'REGISTRY_FAILED', detail: `The run ${id} of the collector failed without saying why.` };
  return new DynDataError(Object.hasOwn(errorKinds, code) ? (code as ErrorCode) : 'REGISTRY_FAILED', detail);
}

function removedText({ kinds }: Collection): string {
  const bytes = Object.values(kinds).reduce((sum, { removed }) => sum + removed.sizeBytes, 0);
  return `${formatBytes(bytes)} removed`;
}

function collectionText({ dryRun, manifests, kinds, removableAt }: Collection): string {
  const cell = ({ count, sizeBytes }: { count: number; sizeBytes: number }): string =>
    count === 0 ? '-' : `${formatCount(count)} (${formatBytes(sizeBytes)})`;
  const rows = collectedKinds.flatMap((kind) => {
    const of = kinds[kind];
    return of && of.kept.count + of.waiting.count + of.removed.count > 0 ? [[kind, cell(of.kept), cell(of.waiting), cell(of.removed)]] : [];
  });
  return [
    formatTable(['', 'KEPT', 'WAITING', dryRun ? 'WOULD GO' : 'REMOVED'], rows),
    `${formatCount(manifests)} manifests were looked through.`,
    ...(removableAt === undefined ? [] : [`What waits goes with a run after ${removableAt}, if nothing has come to need it by then.`]),
  ].join('\n');
}
