import { type Command, InvalidArgumentError } from 'commander';
import { isTag } from '../core/names.ts';
import type { Context } from './context.ts';

const refHelp = 'TAG, REPOSITORY:TAG, sha256:… or REPOSITORY@sha256:…';

/** The commands of operators for what is stored: snapshots, pins, tags, retention and the collector. */
export function addRetentionCommands(program: Command, snapshot: Command, context: () => Context): void {
  snapshot
    .command('list')
    .description('list the snapshots of the repository, as ls does')
    .action(async () => (await import('./commands/ls.ts')).ls(context()));
  snapshot
    .command('show')
    .description('show everything the registry knows of one snapshot')
    .argument('<ref>', refHelp)
    .action(async (reference: string) => (await import('./commands/snapshot.ts')).snapshotShow(context(), reference));
  for (const parent of [snapshot, program]) {
    parent
      .command('rm')
      .description('remove a snapshot; refused while a tag or a pin that is not named holds it')
      .argument('<ref>', refHelp)
      .option('--tag <tag>', 'another tag that goes with it; may be given several times', collectTags, [])
      .option('--pin <pin>', 'a pin that shall not hold it; may be given several times', collectTexts, [])
      .action(async (reference: string, { tag, pin }: { tag: string[]; pin: string[] }) =>
        (await import('./commands/snapshot.ts')).snapshotRemove(context(), { reference, tags: tag, pins: pin }),
      );
  }
  snapshot
    .command('pin')
    .description('hold a snapshot back from retention and removal')
    .argument('<ref>', refHelp)
    .requiredOption('--why <text>', 'the reason, for whoever wants to remove it')
    .option('--until <time>', 'when the pin is over; never, if left out')
    .action(async (reference: string, { why, until }: { why: string; until?: string }) =>
      (await import('./commands/snapshot.ts')).snapshotPin(context(), { reference, why, until }),
    );
  snapshot
    .command('unpin')
    .description('take a pin away')
    .argument('<ref>', refHelp)
    .option('--pin <pin>', 'which one, where there are several')
    .action(async (reference: string, { pin }: { pin?: string }) =>
      (await import('./commands/snapshot.ts')).snapshotUnpin(context(), { reference, pin }),
    );

  const tag = program.command('tag').description('for operators: names of snapshots');
  tag
    .command('list')
    .description('list the tags of the repository')
    .action(async () => (await import('./commands/tag.ts')).tagList(context()));
  tag
    .command('show')
    .description('show what a tag names')
    .argument('<tag>', 'the tag', parseTag)
    .action(async (name: string) => (await import('./commands/tag.ts')).tagShow(context(), name));
  tag
    .command('set')
    .description('give a snapshot a tag, or move the tag to it')
    .argument('<tag>', 'the tag', parseTag)
    .argument('<ref>', refHelp)
    .action(async (name: string, reference: string) => (await import('./commands/tag.ts')).tagSet(context(), name, reference));
  tag
    .command('rm')
    .description('remove a tag; the snapshot stays')
    .argument('<tag>', 'the tag', parseTag)
    .action(async (name: string) => (await import('./commands/tag.ts')).tagRemove(context(), name));

  const retention = program.command('retention').description('for operators: which snapshots stay');
  retention
    .command('plan')
    .description('show what stays, why, and what would go; removes nothing')
    .argument('[environment]', 'one environment; all, if left out')
    .action(async (environment: string | undefined) => (await import('./commands/retention.ts')).retentionPlan(context(), environment));
  retention
    .command('apply')
    .description('remove what a plan says')
    .argument('[environment]', 'one environment; all, if left out')
    .option('--plan <digest>', 'the plan, as `retention plan` shows it; refused where it is another one by now')
    .option('--yes', 'apply the plan of this moment, seen or not', false)
    .option('--dry-run', 'remove nothing, and say what would go', false)
    .action(async (environment: string | undefined, { plan, yes, dryRun }: { plan?: string; yes: boolean; dryRun: boolean }) =>
      (await import('./commands/retention.ts')).retentionApply(context(), { environment, plan, yes, dryRun }),
    );

  program
    .command('collect')
    .description('for operators: free the space of what no snapshot needs any more')
    .option('--dry-run', 'count only', false)
    .action(async ({ dryRun }: { dryRun: boolean }) => (await import('./commands/collect.ts')).collect(context(), { dryRun }));
}

function parseTag(text: string): string {
  if (isTag(text)) return text;
  throw new InvalidArgumentError('A tag has letters, digits, ., _ and -, at most 128.');
}

const collectTags = (text: string, before: string[]): string[] => [...before, parseTag(text)];
const collectTexts = (text: string, before: string[]): string[] => [...before, text];
