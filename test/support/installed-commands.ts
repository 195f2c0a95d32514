import { DynDataError } from '../../core/errors.ts';
import { ensureCommands } from '../../scripts/debian.ts';

/** Installs commands that tests need where this machine lacks them and this process may, or gives the reason why not as a sentence for people. */
export async function reasonAgainst(commands: readonly string[]): Promise<string | undefined> {
  try {
    await ensureCommands(commands, (line) => process.stderr.write(`${line}\n`));
    return undefined;
  } catch (error) {
    if (!(error instanceof DynDataError) || error.code !== 'ENGINE_FAILED') throw error;
    return error.message;
  }
}
