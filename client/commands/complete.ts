import type { Command, Option } from 'commander';
import { routes } from '../../core/contract.ts';
import type { JobState } from '../../core/job.ts';
import { isRepository } from '../../core/names.ts';
import { isTakingValue, kindOfName, type NameKind } from '../completion.ts';
import type { Context } from '../context.ts';
import { shortDigest } from '../format.ts';
import { lockedReference, readLockfile } from '../lockfile.ts';
import { openRegistry } from '../open-registry.ts';
import { createOperatorsApi } from '../operators-api.ts';
import { openProject, type Project } from '../project.ts';
import type { RegistryApi } from '../registry-api.ts';
import { readPulled } from '../snapshot-choice.ts';
import { surveyStack } from '../stack-survey.ts';

/** A shell that waits is worse than one that offers less. */
const limitMs = 1_500;
const offeredJobs = 50;
/** What a shell takes for a word, whatever is done to it; a registry could give anything. */
const wordPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

type Name = { readonly text: string; readonly description?: string | undefined };
type Asked = {
  readonly command: Command;
  readonly kind: NameKind;
  /** It is the value of an option. */
  readonly isValue: boolean;
  /** The arguments before it. */
  readonly given: readonly string[];
  /** That of `REPOSITORY:TAG`, where the tag is asked for. */
  readonly repository?: string | undefined;
};

/**
 * `dyn-data __complete -- WORDS…`, which is hidden and which the script of a shell calls: prints what may follow these words and only the
 * project or its registry knows, a line each, with a tab before its description. The shell picks those that fit what is typed. Of what fails,
 * or takes longer than {@link limitMs}, nothing is said, and the other names are printed.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  open: () => Context,
  write: (text: string) => void,
): Promise<void> {
  const asked = readWords(program, words);
  if (asked === undefined) return;
  const limit = AbortSignal.timeout(limitMs);
  const context = { ...open(), signal: limit };
  const found = new Map<string, string>();
  const collect = async (): Promise<void> => {
    for await (const { text, description = '' } of namesOf(context, asked)) {
      if (!wordPattern.test(text) || found.has(text)) continue;
      // Of another repository it may be another one.
      if (asked.repository === undefined && asked.given.includes(text)) continue;
      found.set(text, description.replaceAll(/\p{Cc}+/gu, ' '));
    }
  };
  await Promise.race([collect().catch(() => undefined), new Promise((resolve) => limit.addEventListener('abort', resolve))]);
  write([...found].map((line) => `${line.join('\t')}\n`).join(''));
}

/** What is to follow the words. Those of --config and --project-name are given to the program, as its parser does. */
function readWords(program: Command, words: readonly string[]): Asked | undefined {
  let command = program;
  let valued: Option | undefined;
  const given: string[] = [];
  let repository: string | undefined;
  const take = (option: Option, value: string): void => {
    if (program.options.includes(option)) program.setOptionValue(option.attributeName(), value);
  };
  // Bash takes the = of --option=value for a word.
  for (const word of words.filter((one) => one !== '=')) {
    repository = word === ':' ? given.pop() : undefined;
    if (word === ':') continue;
    if (valued !== undefined) {
      take(valued, word);
      valued = undefined;
    } else if (word.startsWith('-')) {
      const [flag, ...value] = word.split('=');
      const option = [...command.options, ...program.options].find(({ long, short }) => flag === long || flag === short);
      if (option === undefined || !isTakingValue(option)) continue;
      if (value.length > 0) take(option, value.join('='));
      else valued = option;
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next === undefined) given.push(word);
      else command = next;
    }
  }
  const { registeredArguments } = command;
  const kind = kindOfName(valued ?? registeredArguments[given.length] ?? registeredArguments.findLast(({ variadic }) => variadic));
  return kind && { command, kind, isValue: valued !== undefined, given, repository };
}

/** Which jobs a command can do something with; all, where it is not named. */
const jobStatesFor: Readonly<Record<string, readonly JobState[]>> = {
  cancel: ['queued', 'running'],
  follow: ['queued', 'running'],
  retry: ['failed', 'cancelled'],
};

/** What a file says comes first, so that it is there when the registry is not. */
async function* namesOf(context: Context, { command, kind, isValue, repository }: Asked): AsyncGenerator<Name> {
  const project = await openProject(context);
  const { config } = project;
  const api = (): RegistryApi => openRegistry(context, config.registry);
  const operators = () => createOperatorsApi(api());
  if (repository !== undefined) {
    // Nothing else has a name behind a colon.
    if ((kind !== 'tags' && kind !== 'policies') || !isRepository(repository)) return;
    for await (const { tag, digest } of operators().tagViews(repository)) yield { text: tag, description: shortDigest(digest) };
    return;
  }
  switch (kind) {
    case 'services': {
      const { services } = await surveyStack(project.folder, config.stack.files);
      // As the value of an option it is one that is restored.
      for (const { name, source } of services) if (!isValue || source !== undefined) yield { text: name, description: source };
      return;
    }
    case 'policies':
      yield* namesOf(context, { command, kind: 'environments', isValue, given: [] });
      yield* namesOf(context, { command, kind: 'tags', isValue, given: [] });
      return;
    case 'tags':
      yield* chosenTags(project);
      for await (const { tag, digest } of operators().tagViews(config.repository)) yield { text: tag, description: shortDigest(digest) };
      return;
    case 'pins':
      for await (const { id, why } of operators().pins(config.repository)) yield { text: id, description: why };
      return;
    case 'environments':
      for await (const { name, repository } of operators().environments()) yield { text: name, description: repository };
      return;
    case 'schedules':
      for await (const { name, environment, cron } of api().pages(routes.listSchedules.answer, routes.listSchedules.path))
        yield { text: name, description: `${environment}, ${cron}` };
      return;
    case 'tokens':
      for await (const { id, name, role } of api().access.tokens()) yield { text: id, description: `${name}, ${role}` };
      return;
    case 'jobs': {
      const states = jobStatesFor[command.name()];
      let left = offeredJobs;
      for await (const job of api().pages(routes.listJobs.answer, routes.listJobs.path)) {
        if (states === undefined || states.includes(job.state))
          yield { text: job.id, description: `${job.kind} ${job.environment ?? job.repository ?? ''}, ${job.state}` };
        left -= 1;
        if (left === 0) return;
      }
    }
  }
}

/** Of the files beside dyn-data.yaml. */
async function* chosenTags(project: Project): AsyncGenerator<Name> {
  const pulled = await readPulled(project);
  if (pulled) yield { text: pulled.reference, description: 'pulled last' };
  const lock = await readLockfile(project);
  if (lock) yield { text: lockedReference(lock), description: 'dyn-data.lock' };
  if (project.config.snapshot !== undefined) yield { text: project.config.snapshot, description: 'dyn-data.yaml' };
}
