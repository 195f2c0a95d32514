import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What can follow at one place of the command line. */
type Place = {
  /** Names of the commands up to here, `schedule create`; empty for the program itself. */
  readonly path: string;
  readonly candidates: readonly { readonly text: string; readonly description: string }[];
};
/** An option that wants a value: the words it takes, or none where it may be anything, such as a file. */
type ValueOption = { readonly flag: string; readonly choices: readonly string[] };

/** A script by which a shell completes the program's commands and options. It is made from the commands themselves, so it cannot be another set. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, '', []);
  const options = new Map<string, ValueOption>();
  for (const option of valueOptions(program)) options.set(option.flag, option);
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](program.name(), places, [...options.values()]);
}

function placesOf(command: Command, path: string, inherited: Place['candidates']): Place[] {
  const options = command.options.flatMap(({ long, short, description, hidden }) =>
    hidden ? [] : [long, short].flatMap((text) => (text ? [{ text, description }] : [])),
  );
  const commands = command.commands.map((one) => ({ text: one.name(), description: one.description() }));
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices.map((text) => ({ text, description: '' })));
  const own = [...options, ...inherited.filter(({ text }) => !options.some((one) => one.text === text))];
  const help = { text: '--help', description: 'display help for command' };
  const place = { path, candidates: [...commands, ...choices, ...own, help] };
  // --version is the program's alone; --json and --config go with every command.
  const passedOn = path === '' ? options.filter(({ text }) => text !== '--version' && text !== '-V') : inherited;
  return [place, ...command.commands.flatMap((one) => placesOf(one, `${path} ${one.name()}`.trim(), passedOn))];
}

function valueOptions(command: Command): ValueOption[] {
  const own = command.options
    .filter(({ required, optional }) => required || optional)
    .flatMap(({ long, short, argChoices = [] }) => [long, short].flatMap((flag) => (flag ? [{ flag, choices: argChoices }] : [])));
  return [...own, ...command.commands.flatMap(valueOptions)];
}

const words = ({ candidates }: Place): string => candidates.map(({ text }) => text).join(' ');
/** The paths of all commands as patterns of a shell's `case`. */
const pathPatterns = (places: readonly Place[]): string => places.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`])).join('|');

function bashScript(name: string, places: readonly Place[], options: readonly ValueOption[]): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  return `# bash completion of ${name}. In ~/.bashrc: source <(${name} completion bash)
${fn}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" words="" i
  COMPREPLY=()
  case "$prev" in
${options.map(({ flag, choices }) => `    ${flag}) ${choices.length === 0 ? 'return' : `COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$cur")); return`} ;;`).join('\n')}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${pathPatterns(places)}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at" in
${places.map((place) => `    "${place.path}") words="${words(place)}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F ${fn} ${name}
`;
}

function zshScript(name: string, places: readonly Place[], options: readonly ValueOption[]): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  const entry = ({ text, description }: Place['candidates'][number]): string =>
    quoted(description === '' ? text : `${text.replaceAll(':', '\\:')}:${description}`);
  return `#compdef ${name}
# zsh completion of ${name}. In ~/.zshrc, after compinit: source <(${name} completion zsh)
${fn}() {
  local at="" i
  local -a candidates
  case "\${words[CURRENT-1]}" in
${options.map(({ flag, choices }) => `    ${flag}) ${choices.length === 0 ? '_files' : `compadd -- ${choices.join(' ')}`}; return ;;`).join('\n')}
  esac
  for ((i = 2; i < CURRENT; i++)); do
    case "\${at:+$at }\${words[i]}" in
      ${pathPatterns(places)}) at="\${at:+$at }\${words[i]}" ;;
    esac
  done
  case "$at" in
${places.map((place) => `    "${place.path}") candidates=(${place.candidates.map(entry).join(' ')}) ;;`).join('\n')}
  esac
  _describe '${name}' candidates || _files
}
compdef ${fn} ${name}
`;
}

function fishScript(name: string, places: readonly Place[], options: readonly ValueOption[]): string {
  const fn = `__${name.replaceAll('-', '_')}_at`;
  const paths = places.flatMap(({ path }) => (path === '' ? [] : [quotedForFish(path)])).join(' ');
  const taking = new Map(options.map((option) => [option.flag, option]));
  const line = (path: string, text: string, description: string): string => {
    const value = taking.get(text);
    const what = text.startsWith('--')
      ? `-l ${text.slice(2)}`
      : text.startsWith('-')
        ? `-s ${text.slice(1)}`
        : `-f -a ${quotedForFish(text)}`;
    const takes = value ? ` -r${value.choices.length === 0 ? '' : ` -f -a ${quotedForFish(value.choices.join(' '))}`}` : '';
    return `complete -c ${name} -n ${quotedForFish(`${fn} ${quotedForFish(path)}`)} ${what}${takes}${description === '' ? '' : ` -d ${quotedForFish(description)}`}`;
  };
  return `# fish completion of ${name}. In ~/.config/fish/config.fish: ${name} completion fish | source
function ${fn}
    set -l at
    for word in (commandline -opc)[2..-1]
        set -l next (string join ' ' $at $word)
        if contains -- "$next" ${paths}
            set at $next
        end
    end
    test "$at" = "$argv[1]"
end
${places.flatMap(({ path, candidates }) => candidates.map(({ text, description }) => line(path, text, description))).join('\n')}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** Fish has escapes inside single quotes. */
const quotedForFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
