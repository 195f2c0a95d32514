import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Shell } from '../../client/completion.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { runOnPseudoTerminal } from './pseudo-terminal.ts';

/** Words that complete the end of a line: nothing quoted, in the order of the shell, each with what the shell shows beside it. */
export type Completions = readonly { readonly word: string; readonly description: string }[];

type At = {
  /** Home folder, with the set-up of the shell in it, and the current one. */
  readonly home: string;
  /** Of the programs. */
  readonly path: string;
};

/** What a shell completes at the end of each line, asked in one run of it. Bash shows no descriptions. */
export const completeIn: Readonly<Record<Shell, (at: At, lines: readonly string[]) => Promise<Map<string, Completions>>>> = {
  bash: completeInBash,
  zsh: completeInZsh,
  fish: completeInFish,
};

const environment = ({ home, path }: At): Record<string, string> => ({ HOME: home, PATH: path, LANG: 'C.UTF-8' });

/** Types the lines, each with the key that inserts all completions, at a program that prints its arguments. */
async function completeInBash(at: At, lines: readonly string[]): Promise<Map<string, Completions>> {
  const printed = join(at.home, 'printed');
  await appendFile(
    join(at.home, '.bashrc'),
    `\ndyn-data() { printf '%s\\t' "$@"; echo; } >>'${printed}'\nbind '"\\C-o": insert-completions'\n`,
  );
  await writeFile(printed, '');
  const typed = [...lines.map((line) => `${line}\x0f\r`), 'exit\r'].join('');
  await runOnPseudoTerminal(['bash', '-i'], { folder: at.home, columns: 200, env: environment(at), typed });
  const answers = (await readFile(printed, 'utf8')).split('\n');
  return new Map(
    lines.map((line, index) => {
      const given = line.split(' ').slice(1);
      const there = (answers[index] ?? '').split('\t').slice(given.length - 1, -1);
      const words = there.join('\t') === given.at(-1) ? [] : there;
      return [line, words.map((word) => ({ word, description: '' }))];
    }),
  );
}

/** Completes by the widget that Tab is bound to, and sees what it hands to the line editor. */
async function completeInZsh(at: At, lines: readonly string[]): Promise<Map<string, Completions>> {
  await writeFile(join(at.home, 'lines'), lines.join('\n'));
  await writeFile(join(at.home, 'printed'), '');
  await appendFile(join(at.home, '.zshrc'), zshAsking);
  await runOnPseudoTerminal(['zsh', '-i'], { folder: at.home, columns: 400, env: environment(at) });
  return answersIn(await readFile(join(at.home, 'printed'), 'utf8'));
}

const zshAsking = `
zstyle ':completion:*' list-grouped false
unsetopt auto_menu
LISTMAX=10000
compadd() {
  # These calls fill arrays and complete nothing.
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a found shown
  local i=\${@[(i)-d]}
  if ((i < $#)); then shown=("\${(@P)@[i+1]}"); fi
  builtin compadd -A found -D shown "$@"
  for ((i = 1; i <= $#found; i++)); do print -r -- "\${(Q)found[i]}"$'\\t'"\${shown[i]#*-- }" >> ~/printed; done
  builtin compadd "$@"
}
zle-line-init() {
  local line
  for line in "\${(@f)$(<~/lines)}"; do
    BUFFER=$line CURSOR=$#line
    print -r -- "== $line" >> ~/printed
    zle complete-word
  done
  exit
}
zle -N zle-line-init
`;

async function completeInFish(at: At, lines: readonly string[]): Promise<Map<string, Completions>> {
  const ask = 'for line in $argv; echo "== $line"; complete -C $line; end';
  const env = { ...environment(at), XDG_CONFIG_HOME: '', XDG_DATA_HOME: '' };
  return answersIn(await runOrFail('Completing in fish', 'fish', ['-c', ask, ...lines], { cwd: at.home, env }));
}

/** Each line after `== `, then its completions, each a word, a tab and a description. */
function answersIn(text: string): Map<string, Completions> {
  const answers = text.split(/^== /m).slice(1);
  return new Map(
    answers.map((answer) => {
      const [line = '', ...found] = answer.split('\n');
      return [line, found.filter((one) => one !== '').map(completionOf)];
    }),
  );
}

function completionOf(text: string): Completions[number] {
  const [word = '', description = ''] = text.split('\t');
  return { word, description };
}
