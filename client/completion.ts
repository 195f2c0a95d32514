import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

type Candidate = { readonly text: string; readonly description: string };
/** What can follow at one place of the command line. */
type Place = {
  /** Names of the commands up to here, `schedule create`; empty for the program itself. */
  readonly path: string;
  /** The commands below, and the words that an argument may be. */
  readonly names: readonly Candidate[];
  /** Without those of the program that go with every command. */
  readonly options: readonly Candidate[];
};
/** An option that wants a value: a file, one of some words, or (neither) something that no shell can know. */
type ValueOption = { readonly flag: string; readonly isFile: boolean; readonly choices: readonly string[] };
type Completed = {
  readonly name: string;
  readonly places: readonly Place[];
  /** Of the program, for every command. */
  readonly common: readonly Candidate[];
  readonly valueOptions: readonly ValueOption[];
};

/** Commands with arguments that may be files; the others' name snapshots, services, environments and the like. */
const takingFiles = ['policy diff'];

/**
 * A script by which a shell completes the program's commands and options. It is made from the commands themselves, so it cannot be another set.
 * Options are offered after a `-`, files where one is expected.
 */
export function completionScript(program: Command, shell: Shell): string {
  // --version is the program's alone; --json, --config and --help go with every command.
  const common = program
    .createHelp()
    .visibleOptions(program)
    .filter(({ long }) => long !== '--version');
  const byFlag = new Map(valueOptionsOf(program).map((option) => [option.flag, option]));
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell]({
    name: program.name(),
    places: placesOf(program, '', common),
    common: optionCandidates(common),
    valueOptions: [...byFlag.values()],
  });
}

function placesOf(command: Command, path: string, common: readonly Option[]): Place[] {
  const commands = command.commands.map((one) => ({ text: one.name(), description: one.description() }));
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices.map((text) => ({ text, description: '' })));
  const own = command.options.filter((option) => !option.hidden && !common.includes(option));
  const place = { path, names: [...commands, ...choices], options: optionCandidates(own) };
  return [place, ...command.commands.flatMap((one) => placesOf(one, `${path} ${one.name()}`.trim(), common))];
}

const flagsOf = ({ long, short }: Option): string[] => [long, short].flatMap((flag) => flag ?? []);
const optionCandidates = (options: readonly Option[]): Candidate[] =>
  options.flatMap((option) => flagsOf(option).map((text) => ({ text, description: option.description })));

function valueOptionsOf(command: Command): ValueOption[] {
  const own = command.options
    .filter(({ required, optional }) => required || optional)
    .flatMap((option) =>
      flagsOf(option).map((flag) => ({ flag, isFile: option.flags.endsWith('<file>'), choices: option.argChoices ?? [] })),
    );
  return [...own, ...command.commands.flatMap(valueOptionsOf)];
}

const words = (candidates: readonly Candidate[]): string => candidates.map(({ text }) => text).join(' ');
/** The paths of all commands as patterns of a shell's `case`. */
const pathPatterns = (places: readonly Place[]): string => places.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`])).join('|');
const flagPatterns = (options: readonly ValueOption[]): string => options.map(({ flag }) => flag).join('|');

/**
 * The branches of a `case` on the option whose value is completed.
 * @param choose from these words, separated by spaces
 */
function valueBranches(
  options: readonly ValueOption[],
  does: { choose: (choices: string) => string; files: string; nothing: string },
): string {
  const chosen = options.filter(({ choices }) => choices.length > 0);
  const files = options.filter(({ isFile }) => isFile);
  const others = options.filter((option) => !chosen.includes(option) && !files.includes(option));
  return [
    ...chosen.map(({ flag, choices }) => `    ${flag}) ${does.choose(choices.join(' '))} ;;`),
    `    ${flagPatterns(files)}) ${does.files} ;;`,
    `    ${flagPatterns(others)}) ${does.nothing} ;;`,
  ].join('\n');
}

function bashScript({ name, places, common, valueOptions }: Completed): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  const values = valueBranches(valueOptions, {
    choose: (choices) => `COMPREPLY=($(compgen -W "${choices}" -- "$cur")); return`,
    files: 'compopt -o default; return',
    nothing: 'return',
  });
  return `# bash completion of ${name}. In ~/.bashrc: source <(${name} completion bash)
${fn}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" names="" options="" i
  COMPREPLY=()
  # Bash takes the = of --option=value for a word.
  if [[ "$cur" == "=" ]]; then cur=""; elif [[ "$prev" == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  case "$prev" in
${values}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${flagPatterns(valueOptions)})
        if [[ "\${COMP_WORDS[i+1]}" == "=" ]]; then ((i++)); fi
        ((i++))
        continue
        ;;
    esac
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${pathPatterns(places)}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at" in
${places.map((place) => `    "${place.path}") names="${words(place.names)}" options="${words(place.options)}" ;;`).join('\n')}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$options ${words(common)}" -- "$cur")); return ;;
  esac
  COMPREPLY=($(compgen -W "$names" -- "$cur"))
  case "$at" in
    ${takingFiles.map((path) => `"${path}"`).join('|')}) compopt -o default ;;
  esac
}
complete -F ${fn} ${name}
`;
}

function zshScript({ name, places, common, valueOptions }: Completed): string {
  const entries = (candidates: readonly Candidate[]): string =>
    candidates.map(({ text, description }) => quoted(description === '' ? text : `${text}:${description}`)).join(' ');
  const values = valueBranches(valueOptions, {
    choose: (choices) => `compadd -- ${choices}; return`,
    files: '_files; return',
    nothing: 'return 1',
  });
  return `#compdef ${name}
# zsh completion of ${name}. In ~/.zshrc, after compinit: source <(${name} completion zsh)
# Or in a file _${name} in a folder of $fpath.
_${name}() {
  local at="" prev="\${words[CURRENT-1]}" i
  local -a names options
  if [[ "$PREFIX" == --*=* ]]; then
    prev="\${PREFIX%%=*}"
    compset -P 1 '*='
  fi
  case "$prev" in
${values}
  esac
  for ((i = 2; i < CURRENT; i++)); do
    case "\${words[i]}" in
      ${flagPatterns(valueOptions)}) ((i++)); continue ;;
    esac
    case "\${at:+$at }\${words[i]}" in
      ${pathPatterns(places)}) at="\${at:+$at }\${words[i]}" ;;
    esac
  done
  case "$at" in
${places.map((place) => `    "${place.path}") names=(${entries(place.names)}) options=(${entries(place.options)}) ;;`).join('\n')}
  esac
  case "$PREFIX" in
    -*)
      options+=(${entries(common)})
      _describe -o option options
      return
      ;;
  esac
  case "$at" in
    ${takingFiles.map((path) => `"${path}"`).join('|')}) _files ;;
    *) _describe word names ;;
  esac
}
# A file of $fpath is the function itself the first time.
if [[ "\${funcstack[1]}" == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fishScript({ name, places, common, valueOptions }: Completed): string {
  const fn = `__${name.replaceAll('-', '_')}_at`;
  const paths = places.flatMap(({ path }) => (path === '' ? [] : [quotedForFish(path)])).join(' ');
  const taking = new Map(valueOptions.map((option) => [option.flag, option]));
  const valueFor = ({ isFile, choices }: ValueOption): string =>
    ` -r ${isFile ? '-F' : choices.length === 0 ? '-f' : `-f -a ${quotedForFish(choices.join(' '))}`}`;
  const at = (path: string): string => ` -n ${quotedForFish(`${fn} ${quotedForFish(path)}`)}`;
  const described = ({ description }: Candidate): string => (description === '' ? '' : ` -d ${quotedForFish(description)}`);
  const option = (where: string, candidate: Candidate): string => {
    const { text } = candidate;
    const value = taking.get(text);
    const flag = text.startsWith('--') ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`;
    return `complete -c ${name}${where} ${flag}${value === undefined ? '' : valueFor(value)}${described(candidate)}`;
  };
  const lines = [
    ...common.map((candidate) => option('', candidate)),
    ...takingFiles.map((path) => `complete -c ${name}${at(path)} -F`),
    ...places.flatMap(({ path, names, options }) => [
      ...names.map((candidate) => `complete -c ${name}${at(path)} -a ${quotedForFish(candidate.text)}${described(candidate)}`),
      ...options.map((candidate) => option(at(path), candidate)),
    ]),
  ];
  return `# fish completion of ${name}. In ~/.config/fish/config.fish: ${name} completion fish | source
# Or in a file ~/.config/fish/completions/${name}.fish.
function ${fn}
    set -l at
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
        else if contains -- "$word" ${valueOptions.map(({ flag }) => flag).join(' ')}
            set is_value yes
        else
            set -l next (string join ' ' $at $word)
            if contains -- "$next" ${paths}
                set at $next
            end
        end
    end
    test "$at" = "$argv[1]"
end
complete -c ${name} -e
complete -c ${name} -f
${lines.join('\n')}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** Fish has escapes inside single quotes. */
const quotedForFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
