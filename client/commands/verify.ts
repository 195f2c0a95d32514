import type { Digest } from '../../core/digest.ts';
import { DynDataError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { manifestTotals } from '../../core/manifest.ts';
import { parseReference } from '../../core/references.ts';
import { createCompose, requireStack } from '../compose.ts';
import type { Context } from '../context.ts';
import { helperOwner, openDataImage } from '../data-image.ts';
import { createEngine } from '../engine.ts';
import { formatBar, formatBytes, formatCount, formatDuration, shortDigest } from '../format.ts';
import { readHeldSnapshots } from '../held-snapshot.ts';
import { verifyImage } from '../image-verification.ts';
import { lockProject } from '../lock.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject, type Project } from '../project.ts';
import { type RestoredVerification, verifyRestored } from '../restored-verification.ts';
import { chooseSnapshot } from '../snapshot-choice.ts';
import { placeholders } from './down.ts';

export type VerifyOptions = { readonly reference: string | undefined; readonly restored: boolean };

/** `dyn-data verify [REF]`: every chunk of the pulled image against its manifest; with `restored` what the services hold as well. */
export async function verify(context: Context, { reference: argument, restored: withServices }: VerifyOptions): Promise<void> {
  const { output, now } = context;
  const startedMs = now().getTime();
  if (argument !== undefined) parseReference(argument);
  const project = await openProject(context);
  const engine = createEngine(context.processes);
  await engine.requireAvailable();
  const api = openRegistry(context, project.config.registry);
  const choice = await chooseSnapshot(project, api, argument);
  const { reference, digest } = choice;
  const present = await engine.image(choice.image);
  if (present === undefined) {
    throw new DynDataError('NOT_FOUND', `The snapshot ${reference} is not on this machine. Pull it first: dyn-data pull ${reference}`);
  }
  await using _lock = await lockProject(project, context.process);
  await engine.removeHelpers(helperOwner(context, project));
  await using reader = await openDataImage({ context, project, choice, image: present });
  const totalBytes = manifestTotals(reader.manifest).sizeBytes;
  let doneBytes = 0;
  const image = await verifyImage(reader, (sizeBytes) => {
    doneBytes += sizeBytes;
    output.live('verify', `  ${formatBar(doneBytes, totalBytes)}  ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
  });
  output.live('verify', undefined);
  if (image.wrong.length > 0) {
    throw new DynDataError(
      'DIGEST_MISMATCH',
      `The image of ${reference} is damaged or was changed: what is named below is not what the manifest says. Remove it (docker image rm ${choice.image}) and pull it again; if it comes back, have the registry's storage verified.`,
      { details: image.wrong },
    );
  }
  const restored = withServices ? await verifyServices(context, project, digest, reader.manifest) : undefined;
  const durationMs = now().getTime() - startedMs;
  const { tables, chunks, files, sizeBytes } = image;
  const lines = [
    `${reference} (${shortDigest(digest)}) is whole: ${formatCount(chunks)} chunks of ${formatCount(tables)} tables and ${formatCount(files)} schema files, ${formatBytes(sizeBytes)}, in ${formatDuration(durationMs)}`,
    ...(restored ?? []).map(({ service, tables: counted }) => `${service}: ${formatCount(counted)} tables have the rows of the snapshot`),
  ];
  const value = { version: 1, reference, digest, tables, chunks, files, sizeBytes, durationMs, ...(restored ? { restored } : {}) };
  output.result(lines.join('\n'), value);
}

const stateTexts: Readonly<Record<Exclude<RestoredVerification['state'], 'same' | 'changed'>, string>> = {
  'other-snapshot': 'holds another snapshot',
  restoring: 'a restore of it was interrupted',
  none: 'nothing was restored into it',
  'not-running': 'does not run, so it cannot be counted',
};

/** @throws DynDataError VERIFY_FAILED naming every service and table that is not as in the snapshot */
async function verifyServices(context: Context, project: Project, digest: Digest, manifest: Manifest): Promise<RestoredVerification[]> {
  const compose = createCompose({ processes: context.processes, project, env: placeholders(project, context.env) });
  await using found = await readHeldSnapshots(context, await requireStack(createEngine(context.processes), compose));
  const verified = await Promise.all(found.held.map((held) => verifyRestored(held, digest, manifest)));
  const details = verified.flatMap(({ service, state, differences }) => {
    if (state === 'same') return [];
    return state === 'changed' ? differences.map((line) => `${service}: ${line}`) : [`${service}: ${stateTexts[state]}`];
  });
  if (details.length === 0) return verified;
  throw new DynDataError(
    'VERIFY_FAILED',
    'The image is whole, but what the services hold is not the snapshot, as the lines below say. Rows that an application has added or removed since the restore count too. `dyn-data reset` brings the snapshot back, and what was changed since is then lost.',
    { details },
  );
}
