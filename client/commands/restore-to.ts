import { resolve } from 'node:path';
import { emptyManifest } from '../../core/empty-manifest.ts';
import { DynDataError } from '../../core/errors.ts';
import type { Manifest, ManifestSource } from '../../core/manifest.ts';
import { parseReference } from '../../core/references.ts';
import { causeOfTargetFailure } from '../cause-of-failure.ts';
import { createCompose } from '../compose.ts';
import { agree } from '../confirmation.ts';
import type { Context } from '../context.ts';
import { helperOwner, openDataImage, requireDataImage } from '../data-image.ts';
import { createEngine } from '../engine.ts';
import { formatCount, formatDuration, shortDigest } from '../format.ts';
import { lockProject } from '../lock.ts';
import { heldName } from '../marker.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject, type Project, readIfThere } from '../project.ts';
import { verifyCounts } from '../restore/restore-service.ts';
import { createTargetService } from '../restore/target-service.ts';
import { createRestoreProgress } from '../restore-progress.ts';
import { resolveReference } from '../snapshot-choice.ts';
import { parseTargetAddress, soundsLikeProduction, type TargetAddress } from '../target/target-address.ts';
import { startToolsContainer } from '../target/tools-container.ts';
import { placeholders } from './down.ts';

export type RestoreToOptions = {
  readonly reference: string;
  /** Address of the server. */
  readonly to: string;
  /** Which source, where the snapshot has several of the server's kind. */
  readonly source: string | undefined;
  readonly passwordFile: string | undefined;
  /** Image with the clients; else that of the stack's service for the source. */
  readonly toolsImage: string | undefined;
  readonly empty: boolean;
  /** Whatever the server holds of the snapshot's names may go. */
  readonly replace: boolean;
  readonly allowProduction: boolean;
  /** Agreed to beforehand. */
  readonly yes: boolean;
};

/** Of the environment; no child process gets it. */
const passwordVariable = 'DYN_DATA_TARGET_PASSWORD';

/** `dyn-data restore REF --to ADDRESS`: into a server that is no container of the stack, through the clients of its kind in a container of their own. */
export async function restoreTo(context: Context, options: RestoreToOptions): Promise<void> {
  const { output, now } = context;
  const { empty } = options;
  parseReference(options.reference);
  const target = parseTargetAddress(options.to);
  requireNoProduction(target, options.allowProduction);
  const project = await openProject(context);
  const engine = createEngine(context.processes);
  await engine.requireAvailable();
  const api = openRegistry(context, project.config.registry);
  const choice = await resolveReference(project, api, options.reference);
  await using _lock = await lockProject(project, context.process);
  const owner = helperOwner(context, project);
  const password = await readPassword(context, options.passwordFile, target);
  const startedMs = now().getTime();
  try {
    const [{ image }] = await Promise.all([requireDataImage({ context, engine, api, choice }), engine.removeHelpers(owner)]);
    await using opened = await openDataImage({ context, project, choice, image });
    const reader = empty ? { ...opened, manifest: emptyManifest(opened.manifest) } : opened;
    const source = sourceFor(reader.manifest, target, options.source);
    const toolsImage = options.toolsImage ?? (await imageOfSource(context, project, source));
    await using container = await startToolsContainer(context, context.processes, { image: toolsImage, owner, target, password });
    const data = createTargetService(container, source, target.database);
    const refusal = await data.connect();
    if (refusal) throw unusable(target, refusal);
    const occupied = await data.occupied();
    if (occupied.length > 0) {
      if (!options.replace) {
        throw new DynDataError(
          'TARGET_NOT_EMPTY',
          `The server ${target.label} holds data under the snapshot's names. Nothing of it was changed. To lose it and take the snapshot's, add --replace.`,
          { details: occupied },
        );
      }
      await agree(
        context,
        options.yes,
        `On ${target.label} all of this will be lost, and replaced by ${choice.reference}: ${occupied.join(', ')}. Go on?`,
      );
    }
    const progress = createRestoreProgress({ output, now, service: target.label, source });
    progress.begin(occupied.length > 0 ? 'replace' : 'new');
    try {
      const settings = await data.settings();
      try {
        await data.restore(reader, progress.add);
      } finally {
        await data.putBack(settings).catch(() => undefined);
      }
      const counts = await verifyCounts(container, data, source);
      const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const durationMs = now().getTime() - startedMs;
      const { repository, digest, reference } = choice;
      const named = heldName({ reference, ...(empty ? { empty } : {}) });
      progress.end();
      output.result(
        `${target.label} holds ${formatCount(rows)} rows of ${named} (${shortDigest(digest)}), verified, after ${formatDuration(durationMs)}.`,
        {
          version: 1,
          to: target.label,
          source: source.name,
          reference,
          repository,
          digest,
          empty,
          replaced: occupied,
          tables: source.tables.length,
          rows,
          durationMs,
        },
      );
    } finally {
      progress.end();
    }
  } catch (error) {
    throw await causeOfTargetFailure(error, engine, target.label);
  } finally {
    await engine.removeHelpers(owner);
  }
}

function requireNoProduction({ host, database, user, label }: TargetAddress, isAllowed: boolean): void {
  const found = isAllowed ? undefined : soundsLikeProduction(host, database, user);
  if (found === undefined) return;
  throw new DynDataError(
    'ACCESS_DENIED',
    `"${found}" in the address of ${label} sounds like production, where no copy belongs. Nothing was asked or changed. If it is none, add --allow-production.`,
  );
}

async function readPassword({ env, folder, readHidden }: Context, file: string | undefined, { label }: TargetAddress): Promise<string> {
  if (file !== undefined) {
    const path = resolve(folder, file);
    const text = await readIfThere(path);
    if (text === undefined) throw new DynDataError('USAGE', `--password-file names ${path}, which does not exist. Correct it.`);
    return text.replace(/\r?\n$/, '');
  }
  const given = env[passwordVariable] ?? (await readHidden(`Password for ${label}: `));
  if (given !== '') return given;
  throw new DynDataError(
    'USAGE',
    `There is no password for ${label}. Give it with --password-file, ${passwordVariable} or on standard input.`,
  );
}

function sourceFor(manifest: Manifest, { kind, label }: TargetAddress, name: string | undefined): ManifestSource {
  const fitting = manifest.sources.filter((source) => source.kind === kind && (name === undefined || source.name === name));
  const [source] = fitting;
  if (source && fitting.length === 1) return source;
  const all = manifest.sources.map((one) => `${one.name} (${one.kind})`).join(', ');
  throw new DynDataError(
    'USAGE',
    source
      ? `The snapshot has several sources of the kind of ${label}: ${all}. Say which with --source.`
      : `The snapshot has no source${name === undefined ? '' : ` ${name}`} of the kind of ${label}; it has ${all}. Name one of them, or take another snapshot.`,
  );
}

/** The stack's own server of that source: its image has the clients, in a version that fits. */
async function imageOfSource(context: Context, project: Project, source: ManifestSource): Promise<string> {
  const compose = createCompose({ processes: context.processes, project, env: placeholders(project, context.env) });
  await compose.requireAvailable();
  const { services } = await compose.stack();
  const found = [...services.values()].find((service) => service.source === source.name);
  if (found) return found.image;
  throw new DynDataError(
    'USAGE',
    `The stack has no service for the source ${source.name} whose image would have the clients of ${source.kind}. Name one with --tools-image.`,
  );
}

function unusable({ label }: TargetAddress, { code, isRefused }: { readonly code: string; readonly isRefused: boolean }): DynDataError {
  return isRefused
    ? new DynDataError(
        'ACCESS_DENIED',
        `The server ${label} refuses the account or its password (${code}). Correct them. Nothing was changed.`,
      )
    : new DynDataError(
        'SERVICE_UNHEALTHY',
        `The server ${label} does not answer (${code}). It is reached from the machine of the Docker engine: see that host and port are right there and no firewall is between. Nothing was changed.`,
      );
}
