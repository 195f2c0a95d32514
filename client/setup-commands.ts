import { Argument, type Command } from 'commander';
import type { InitOptions } from './commands/init.ts';
import { askedCommand, completionScript, type Shell, shells } from './completion.ts';
import type { Context } from './context.ts';

/** The commands that prepare a project and a machine for the others. */
export function addSetupCommands(
  program: Command,
  context: () => Context,
  about: { readonly nodeVersion: string; readonly setExitCode: (code: number) => void; readonly write: (text: string) => void },
): void {
  program
    .command('init')
    .description('write dyn-data.yaml for the stack in this folder, and labels for its databases; overwrites nothing')
    .option('--registry <address>', 'address of the registry', 'http://127.0.0.1:5000')
    .option('--repository <name>', "repository of the data images; else the registry's only one")
    .option('--file <file>', 'a compose file; may be given several times; else what compose finds', collectTexts, [])
    .option('--print-labels', 'print the labels instead of writing them into a compose file of their own', false)
    .action(async ({ registry, repository, file, printLabels }: Omit<InitOptions, 'files'> & { file: string[] }) =>
      (await import('./commands/init.ts')).init(context(), { registry, repository, files: file, printLabels }),
    );
  program
    .command('doctor')
    .description('look at everything that the commands need, and say what to do about what is wrong')
    .action(async () => about.setExitCode(await (await import('./commands/doctor.ts')).doctor(context(), about.nodeVersion)));
  program
    .command('completion')
    .description('print a script by which a shell completes these commands')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action(async (shell: Shell) => {
      const script = completionScript(program, shell);
      context().output.result(script.trimEnd(), { version: 1, shell, script });
    });
  program
    .command(askedCommand, { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => (await import('./commands/complete.ts')).complete(program, words, context, about.write));
}

const collectTexts = (text: string, before: string[]): string[] => [...before, text];
