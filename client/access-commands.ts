import { type Command, InvalidArgumentError, Option } from 'commander';
import { isScope, type Role, roles } from '../core/access.ts';
import type { Context } from './context.ts';

const defaultEntries = 50;

/** Who may do what, and who did what. */
export function addAccessCommands(program: Command, context: () => Context): void {
  program
    .command('login')
    .description('store a token for a registry, and give it to docker; it is typed unseen, or read from standard input')
    .argument('[registry]', 'address of the registry; else the one of dyn-data.yaml')
    .option('--plain-http', 'send the token readable to another machine', false)
    .option('--no-docker', 'leave docker alone')
    .action(async (registry: string | undefined, { plainHttp, docker }: { plainHttp: boolean; docker: boolean }) =>
      (await import('./commands/login.ts')).login(context(), { registry, plainHttp, docker }),
    );
  program
    .command('logout')
    .description('forget the token for a registry, here and in docker')
    .argument('[registry]', 'address of the registry; else the one of dyn-data.yaml')
    .action(async (registry: string | undefined) => (await import('./commands/login.ts')).logout(context(), registry));

  const token = program.command('token').description('for admins: make and end the tokens that open the registry');
  token
    .command('create')
    .description('make a token; its text is printed this once')
    .argument('<name>', 'whose it is or what for')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
    .requiredOption('--repository <repositories...>', 'what for: names, prefix/*, or * for all', collectScope)
    .option('--expires <when>', 'when it ends: 90d, 12h, or a date', parseWhen)
    .action(async (name: string, { role, repository, expires }: { role: Role; repository: string[]; expires?: (now: Date) => Date }) => {
      const given = context();
      return (await import('./commands/token.ts')).tokenCreate(given, {
        name,
        role,
        repositories: repository,
        expiresAt: expires?.(given.now()).toISOString(),
      });
    });
  token
    .command('list')
    .description('list the tokens, without their secrets')
    .action(async () => (await import('./commands/token.ts')).tokenList(context()));
  token
    .command('show')
    .description('show one token, without its secrets')
    .argument('<token>', 'its id, as token list shows it')
    .action(async (id: string) => (await import('./commands/token.ts')).tokenShow(context(), id));
  token
    .command('rotate')
    .description('give a token a new secret, which is printed this once')
    .argument('<token>', 'its id, as token list shows it')
    .option('--overlap <time>', 'how long the earlier secret still opens: 24h, 30m; 0 ends it at once', parseOverlap, 0)
    .action(async (id: string, { overlap }: { overlap: number }) =>
      (await import('./commands/token.ts')).tokenRotate(context(), { id, overlapSeconds: overlap }),
    );
  token
    .command('revoke')
    .description('end a token at once and for good')
    .argument('<token>', 'its id, as token list shows it')
    .action(async (id: string) => (await import('./commands/token.ts')).tokenRevoke(context(), id));
  token
    .command('generate')
    .description("make a text for access.initialAdmin of a registry's configuration; asks no registry")
    .action(async () => (await import('./commands/token.ts')).tokenGenerate(context()));

  const audit = program.command('audit').description('for admins: who changed what');
  audit
    .command('list')
    .description('list the changes, the newest first')
    .option('--limit <entries>', 'how many', parseCount, defaultEntries)
    .action(async ({ limit }: { limit: number }) => (await import('./commands/audit.ts')).auditList(context(), { limit }));
  audit
    .command('verify')
    .description('read the whole log; exit code 6 where it was tampered with')
    .option('--head <number:digest>', 'a head that was kept elsewhere, which must still be in the log')
    .action(async ({ head }: { head?: string }) => (await import('./commands/audit.ts')).auditVerify(context(), { head }));
}

function collectScope(text: string, before: string[] = []): string[] {
  if (isScope(text)) return [...before, text];
  throw new InvalidArgumentError('A name of a repository, a prefix with /*, or * is expected.');
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function secondsOf(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === '' ? undefined : Number(count) * (unitSeconds[unit] ?? 0);
}

function parseWhen(text: string): (now: Date) => Date {
  const seconds = secondsOf(text);
  if (seconds !== undefined) return (now) => new Date(now.getTime() + seconds * 1000);
  const date = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(date.getTime())) return () => date;
  throw new InvalidArgumentError('A time as 90d or 12h, or a date as 2027-01-31 is expected.');
}

function parseOverlap(text: string): number {
  const seconds = text === '0' ? 0 : secondsOf(text);
  if (seconds !== undefined) return seconds;
  throw new InvalidArgumentError('A time as 24h or 30m, or 0 is expected.');
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('A number above 0 is expected.');
}
