import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { clientConfigFile, parseClientConfig } from '../../core/client-config.ts';
import type { SnapshotView } from '../../core/contract.ts';
import { DynDataError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { openRegistry } from '../open-registry.ts';
import { createOperatorsApi } from '../operators-api.ts';
import { readIfThere } from '../project.ts';
import { findComposeFiles, type StackSurvey, type SurveyedService, surveyStack } from '../stack-survey.ts';
import { writeNew } from '../writing.ts';

const overrideFile = 'docker-compose.dyn-data.yml';
/**
 * UnifiedPush Server deletes messages older than so many days, 30 by default, so that an older snapshot would lose rows. A hundred years.
 */
const messageRetention = 'AEROGEAR_METRICS_STORAGE_DAYS: "36500"';

export type InitOptions = {
  readonly registry: string;
  /** Else the registry's only one. */
  readonly repository: string | undefined;
  /** Compose files; else those that compose finds in the folder. */
  readonly files: readonly string[];
  /** Prints the labels instead of writing them into a file of their own. */
  readonly printLabels: boolean;
};

/** A label that a service should have. */
type Proposal = { readonly service: string; readonly source: string; readonly why: string };

/** `dyn-data init`: writes dyn-data.yaml, and the labels that are missing into a compose file of their own. Overwrites nothing. */
export async function init(context: Context, options: InitOptions): Promise<void> {
  const { folder, output } = context;
  const files = options.files.length > 0 ? options.files : await findComposeFiles(folder);
  if (files.length === 0) {
    throw new DynDataError(
      'CONFIG_NOT_FOUND',
      `There is no compose file in ${folder}. Go to the folder of your stack, or name its files with --file.`,
    );
  }
  for (const file of files)
    if ((await readIfThere(join(folder, file))) === undefined)
      throw new DynDataError('CONFIG_NOT_FOUND', `${join(folder, file)} does not exist. Name a compose file of this folder with --file.`);
  const survey = await surveyStack(folder, files);
  const known = await askRegistry(context, options);
  const proposals = proposeLabels(survey.services, known.sources);
  const pushServers = survey.services.flatMap(({ name, isPushServer }) => (isPushServer ? [name] : []));
  const hasOverride = proposals.length + pushServers.length > 0;
  const override = overrideText(proposals, pushServers);
  const writesLabels = hasOverride && !options.printLabels;
  const config = configText(options.registry, known.repository, [...files, ...(writesLabels ? [overrideFile] : [])], survey.configDirs);
  // What is written must be what every other command reads.
  parseClientConfig(config, clientConfigFile);
  const written = [...(writesLabels ? [[overrideFile, override] as const] : []), [clientConfigFile, config] as const];
  for (const [name] of written) {
    if ((await readIfThere(join(folder, name))) !== undefined)
      throw new DynDataError(
        'CONFLICT',
        `${join(folder, name)} is there already, and is not overwritten. Change it by hand, or move it away first.`,
      );
  }
  const paths: string[] = [];
  try {
    for (const [name, text] of written) {
      const path = join(folder, name);
      await writeNew(path, text);
      paths.push(path);
    }
  } catch (error) {
    // Half of it would be in the way of the next one.
    for (const path of paths) await rm(path);
    throw error;
  }
  const lines = [
    ...written.map(([name]) => `Wrote ${name}`),
    ...describe(survey, proposals),
    ...(hasOverride && options.printLabels ? ['', 'Add to the compose file:', override.trimEnd()] : []),
    '',
    'Next: dyn-data doctor, then dyn-data ls',
  ];
  output.result(lines.join('\n'), {
    version: 1,
    written: written.map(([name]) => name),
    registry: options.registry,
    repository: known.repository,
    files,
    configDirs: survey.configDirs,
    labels: proposals,
    pushServers,
  });
}

type Known = { readonly repository: string; readonly sources: SnapshotView['sources'] };

/** The repository, and the sources of its newest snapshot: their names are what the labels must say. */
async function askRegistry(context: Context, { registry, repository: given }: InitOptions): Promise<Known> {
  const api = openRegistry(context, registry);
  let repository = given;
  try {
    if (repository === undefined) {
      const found = new Set<string>();
      for await (const environment of createOperatorsApi(api).environments()) found.add(environment.repository);
      const [only] = found;
      if (only === undefined || found.size > 1) throw repositoryNeeded(registry, [...found]);
      repository = only;
    }
    let newest: SnapshotView | undefined;
    for await (const snapshot of api.snapshots(repository))
      if (!newest || Date.parse(snapshot.provenance.takenAt) > Date.parse(newest.provenance.takenAt)) newest = snapshot;
    return { repository, sources: newest?.sources ?? [] };
  } catch (error) {
    if (!(error instanceof DynDataError) || error.code === 'USAGE' || context.signal.aborted) throw error;
    if (repository === undefined) throw error;
    context.output.note(`${error.message} The labels are proposed without it.`);
    return { repository, sources: [] };
  }
}

function repositoryNeeded(registry: string, found: readonly string[]): DynDataError {
  const message =
    found.length === 0
      ? `The registry at ${registry} shows no repository. Say which one it is with --repository.`
      : `The registry at ${registry} has several repositories. Say which one with --repository.`;
  return new DynDataError('USAGE', message, { details: [...found].sort() });
}

/**
 * A label for each database without one. Which source it takes: the one of its name, else the only one of its kind that is left; where the
 * registry knows none, a source called like the service.
 */
export function proposeLabels(services: readonly SurveyedService[], sources: Known['sources']): Proposal[] {
  const taken = new Set(services.flatMap(({ source }) => (source === undefined ? [] : [source])));
  const open = services.filter(({ kind, source }) => kind !== undefined && source === undefined);
  const proposals = new Map<string, Proposal>();
  const free = (kind: string | undefined) => sources.filter((source) => source.kind === kind && !taken.has(source.name));
  const propose = (service: string, source: string, why: string): void => {
    taken.add(source);
    proposals.set(service, { service, source, why });
  };
  for (const { name, kind } of open) if (free(kind).some((source) => source.name === name)) propose(name, name, 'the source of its name');
  for (const { name, kind } of open) {
    const rivals = open.filter((other) => other.kind === kind && !proposals.has(other.name));
    const [only, ...more] = free(kind);
    if (!proposals.has(name) && only && more.length === 0 && rivals.length === 1) propose(name, only.name, `the only ${kind} source`);
  }
  if (sources.length === 0)
    for (const { name, kind } of open) propose(name, name, `a ${kind} database; correct the name if its source has another`);
  return open.flatMap(({ name }) => proposals.get(name) ?? []);
}

function describe({ services }: StackSurvey, proposals: readonly Proposal[]): string[] {
  return services.flatMap(({ name, kind, source, isPushServer }) => {
    if (isPushServer) return [`  ${name}: a push server, which is to keep the messages of old snapshots`];
    if (source !== undefined) return [`  ${name}: takes ${source} already`];
    const proposal = proposals.find(({ service }) => service === name);
    if (proposal) return [`  ${name}: takes ${proposal.source} (${proposal.why})`];
    return kind === undefined ? [] : [`  ${name}: a ${kind} database; give it the label dyn-data.source yourself if it takes data`];
  });
}

function configText(registry: string, repository: string, files: readonly string[], configDirs: readonly string[]): string {
  const list = (texts: readonly string[]): string => `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`;
  return [
    'version: 1',
    `registry: ${JSON.stringify(registry)}`,
    `repository: ${JSON.stringify(repository)}`,
    'stack:',
    `  files: ${list(files)}`,
    ...(configDirs.length === 0
      ? []
      : [
          '  # Variables that must name an existing folder: configuration of this machine, not of the data.',
          `  configDirs: ${list(configDirs)}`,
        ]),
    '',
  ].join('\n');
}

function overrideText(proposals: readonly Proposal[], pushServers: readonly string[]): string {
  return [
    '# Which service takes which source of the snapshot. Written by `dyn-data init`; yours to change.',
    'services:',
    ...proposals.flatMap(({ service, source }) => [
      `  ${JSON.stringify(service)}:`,
      `    labels: { dyn-data.source: ${JSON.stringify(source)} }`,
    ]),
    ...pushServers.flatMap((service) => [
      '  # The push server deletes older messages, and with them rows of an old snapshot.',
      `  ${JSON.stringify(service)}:`,
      `    environment: { ${messageRetention} }`,
    ]),
    '',
  ].join('\n');
}
