import { type Command, InvalidArgumentError, Option } from 'commander';
import { jobKinds, jobStates } from '../core/job-kinds.ts';
import { isScheduleName } from '../core/names.ts';
import type { ScheduleDefinition } from '../core/schedule.ts';
import type { JobsFilter } from './commands/jobs.ts';
import type { Context } from './context.ts';

const defaultListed = 20;

/** `jobs …`: what the registry does and has done. */
export function addJobsCommands(program: Command, context: () => Context): void {
  const jobs = program.command('jobs').description('for operators: see, follow, cancel and repeat what the registry does');
  jobs
    .command('list')
    .description('list jobs, the newest first')
    .addOption(new Option('--state <state>', 'only these').choices(jobStates))
    .addOption(new Option('--kind <kind>', 'only these').choices(jobKinds))
    .option('--environment <environment>', 'only those of this environment')
    .option('--limit <jobs>', 'this many at most', parseCount, defaultListed)
    .action(async (filter: JobsFilter) => (await import('./commands/jobs.ts')).jobsList(context(), filter));
  const one = (name: string, description: string, run: (context: Context, id: string) => Promise<void>): void => {
    jobs
      .command(name)
      .description(description)
      .argument('<job>', 'id of the job')
      .action(async (id: string) => run(context(), id));
  };
  one('show', 'show one job', async (...given) => (await import('./commands/jobs.ts')).jobsShow(...given));
  one('follow', 'show its progress, wait for its end, and end as it does', async (...given) =>
    (await import('./commands/jobs.ts')).jobsFollow(...given),
  );
  one('cancel', 'stop it, or take it out of the queue', async (...given) => (await import('./commands/jobs.ts')).jobsCancel(...given));
  one('retry', 'do again what failed or was cancelled, as a new job', async (...given) =>
    (await import('./commands/jobs.ts')).jobsRetry(...given),
  );
  jobs
    .command('verify')
    .description('have the registry read and hash again what it stores, and name what is damaged')
    .argument('[reference]', 'only this snapshot; all of the repository where it is left out')
    .option('--repository <repository>', "another one than the project's")
    .action(async (reference: string | undefined, wanted: { readonly repository?: string }) =>
      (await import('./commands/jobs.ts')).jobsVerify(context(), reference, wanted),
    );
  one('log', 'show what happened to it', async (...given) => (await import('./commands/jobs.ts')).jobsLog(...given));
}

/** `schedule …`: snapshots at their times. */
export function addScheduleCommands(program: Command, context: () => Context): void {
  const schedule = program.command('schedule').description('for operators: have snapshots taken at their times');
  schedule
    .command('list')
    .description('list the schedules and their next times')
    .action(async () => (await import('./commands/schedule.ts')).scheduleList(context()));
  const write = (name: string, description: string, argument: string): Command =>
    schedule
      .command(name)
      .description(description)
      .argument(argument, 'lower-case letters, digits, - and _', parseScheduleName)
      .requiredOption('--environment <environment>', "name of the environment in the registry's configuration")
      .requiredOption('--cron <cron>', 'minute, hour, day of the month, month, day of the week: "30 2 * * *" is 02:30 every night')
      .requiredOption('--tag <template>', 'tag of each snapshot, with {yyyy}, {MM}, {dd}, {HH} and {mm} of its time')
      .option('--time-zone <zone>', 'where the clock hangs, such as Europe/Paris', 'UTC')
      .option('--alias <tag>', 'a tag that names the latest snapshot that succeeded')
      .option('--catch-up', 'make up for the latest time during which nothing ran', false);
  write('create', 'make a schedule', '<name>').action(async (scheduleName: string, definition: ScheduleDefinition) =>
    (await import('./commands/schedule.ts')).scheduleCreate(context(), scheduleName, definition),
  );
  write('change', 'give a schedule another definition, whole', '<schedule>')
    .option('--unchanged-since <time>', 'only if nobody has changed it since this time, which show prints as "changed"', parseTime)
    .action(async (scheduleName: string, { unchangedSince, ...definition }: ScheduleDefinition & { readonly unchangedSince?: Date }) =>
      (await import('./commands/schedule.ts')).scheduleChange(context(), scheduleName, definition, unchangedSince),
    );
  const one = (name: string, description: string, run: (context: Context, name: string) => Promise<void>): void => {
    schedule
      .command(name)
      .description(description)
      .argument('<schedule>', 'its name', parseScheduleName)
      .action(async (scheduleName: string) => run(context(), scheduleName));
  };
  one('show', 'show one schedule, its next times and what it missed', async (...given) =>
    (await import('./commands/schedule.ts')).scheduleShow(...given),
  );
  one('pause', 'take no snapshots until it is resumed', async (of, name) =>
    (await import('./commands/schedule.ts')).scheduleEnable(of, name, false),
  );
  one('resume', 'take snapshots again, from the next time on', async (of, name) =>
    (await import('./commands/schedule.ts')).scheduleEnable(of, name, true),
  );
  one('run', 'take a snapshot now', async (...given) => (await import('./commands/schedule.ts')).scheduleRun(...given));
  one('rm', 'remove a schedule; its snapshots stay', async (...given) => (await import('./commands/schedule.ts')).scheduleRemove(...given));
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('A whole number above 0 is expected.');
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('A time such as 2024-06-03T12:00:00.000Z is expected.');
}

function parseScheduleName(text: string): string {
  if (isScheduleName(text)) return text;
  throw new InvalidArgumentError('A schedule has a name of lower-case letters, digits, - and _.');
}
