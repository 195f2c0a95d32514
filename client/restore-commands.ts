import type { Command } from 'commander';
import { DynDataError } from '../core/errors.ts';
import type { Context } from './context.ts';

type Options = {
  readonly service?: string;
  readonly to?: string;
  readonly source?: string;
  readonly passwordFile?: string;
  readonly toolsImage?: string;
  readonly empty: boolean;
  readonly replace: boolean;
  readonly allowProduction: boolean;
  readonly yes: boolean;
  readonly timeout: number;
};

/** `restore`, which is two commands in one: into a service of the stack, and into a server elsewhere. */
export function addRestoreCommand(
  program: Command,
  context: () => Context,
  {
    refHelp,
    parseSeconds,
    healthTimeoutSeconds,
  }: {
    readonly refHelp: string;
    readonly parseSeconds: (text: string) => number;
    readonly healthTimeoutSeconds: number;
  },
): void {
  program
    .command('restore')
    .description('restore a snapshot into one service of the running stack, or into a server that is no container')
    .argument('<ref>', refHelp)
    .option('--service <service>', 'a service of the stack; the others keep what they hold')
    .option('--to <address>', 'mysql://USER@HOST:PORT, postgres://USER@HOST:PORT/DATABASE or ldap://HOST:PORT/BASE?bind=DN')
    .option('--empty', 'restore structure, reference rows and base entries alone', false)
    .option('-y, --yes', 'do not ask', false)
    .option('--timeout <seconds>', 'with --service: how long it may take to become healthy', parseSeconds, healthTimeoutSeconds)
    .option('--source <source>', 'with --to: which source, where the snapshot has several of that kind')
    .option('--replace', 'with --to: replace whatever the server holds', false)
    .option('--allow-production', 'with --to: although its name sounds like production', false)
    .option('--password-file <file>', 'with --to: else DYN_DATA_TARGET_PASSWORD, else it is asked for')
    .option('--tools-image <image>', "with --to: an image with the server's clients; else that of the stack's own server")
    .action(async (reference: string, options: Options) => {
      const { service, to, source, passwordFile, toolsImage, empty, replace, allowProduction, yes, timeout } = options;
      if (service !== undefined && to === undefined)
        return (await import('./commands/restore.ts')).restore(context(), {
          reference,
          service,
          empty,
          yes,
          healthTimeoutMs: timeout * 1000,
        });
      if (to !== undefined && service === undefined)
        return (await import('./commands/restore-to.ts')).restoreTo(context(), {
          reference,
          to,
          source,
          passwordFile,
          toolsImage,
          empty,
          replace,
          allowProduction,
          yes,
        });
      throw new DynDataError(
        'USAGE',
        'Say where to restore: --service SERVICE for one of the stack, or --to ADDRESS for a server elsewhere.',
      );
    });
}
