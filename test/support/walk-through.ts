import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, runCommand } from '../../scripts/run-command.ts';

const documents = join(import.meta.dirname, '../../docs');

/** The blocks of a document that are marked as `sh`. Others are refused, so that no command escapes the test. */
async function shellBlocks(document: string): Promise<string[]> {
  const text = await readFile(join(documents, document), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  const others = blocks.filter(([, language]) => language !== 'sh');
  if (blocks.length === 0 || others.length > 0 || /^ {4}\S/m.test(text))
    throw new Error(`${document} has commands outside of blocks of sh`);
  return blocks.map(([, , commands = '']) => commands);
}

/** What a document has `dyn-data` do, each as the words after it; a shell reads them. */
export async function walkThroughCommands(document: string): Promise<string[][]> {
  const script = `dyn-data() { for word in "$@"; do printf '%s\\0' "$word"; done; printf '\\n'; }\n`;
  const lines = (await shellBlocks(document)).join('\n').split('\n');
  const own = lines.flatMap((line) => /^(?:\w+=\S+ )?(dyn-data [^>|]*)/.exec(line)?.[1] ?? []);
  const { stdout } = await runCommand('bash', ['-c', script + own.join('\n')]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\0').slice(0, -1));
}

/** Runs the commands of a document one after the other in one shell, which ends at the first that fails and says which it was. */
export async function walkThrough(
  document: string,
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<CommandResult> {
  const script = ['set -eEuo pipefail', `trap 'echo "This failed: $BASH_COMMAND" >&2' ERR`, ...(await shellBlocks(document))].join('\n');
  return runCommand('bash', ['-c', script], options);
}
