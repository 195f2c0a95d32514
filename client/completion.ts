import type { Argument, Command, Option } from 'commander';

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
  /** The command itself is asked for more words. */
  readonly isAsked: boolean;
};
/** An option that wants a value: a file, one of some words, what the command itself is asked for, or (none of them) something that no shell can know. */
type ValueOption = { readonly flag: string; readonly isFile: boolean; readonly choices: readonly string[]; readonly isAsked: boolean };
type Completed = {
  readonly name: string;
  readonly places: readonly Place[];
  /** Of the program, for every command. */
  readonly common: readonly Candidate[];
  readonly valueOptions: readonly ValueOption[];
};

/** Commands with arguments that may be files. */
const takingFiles = ['policy diff'];

/** By what the help calls them, the arguments and the values of options that name something that only a project or its registry knows. */
const nameKinds = {
  ref: 'tags',
  reference: 'tags',
  a: 'tags',
  b: 'tags',
  tag: 'tags',
  before: 'policies',
  after: 'policies',
  service: 'services',
  environment: 'environments',
  schedule: 'schedules',
  job: 'jobs',
  pin: 'pins',
  token: 'tokens',
} as const;
export type NameKind = (typeof nameKinds)[keyof typeof nameKinds];

export function kindOfName(named: Argument | Option | undefined): NameKind | undefined {
  const name = named && ('flags' in named ? /<([a-z]+)>$/.exec(named.flags)?.[1] : named.name());
  return Object.entries(nameKinds).find(([one]) => one === name)?.[1];
}

export const isTakingValue = ({ required, optional }: Option): boolean => required || optional;

/** The hidden command that is asked for such names. It has the words before the one that is completed as its arguments. */
export const askedCommand = '__complete';

/**
 * A script by which a shell completes the program's commands and options. It is made from the commands themselves, so it cannot be another set.
 * Options are offered after a `-`, files where one is expected; names that only a project or its registry knows are asked for.
 */
export function completionScript(program: Command, shell: Shell): string {
  // --version is the program's alone; --json, --config and --help go with every command.
  const common = program
    .createHelp()
    .visibleOptions(program)
    .filter(({ long }) => long !== '--version');
  const byFlag = new Map<string, ValueOption>();
  // Where one command takes a name, all are asked, and answer for the command that is typed.
  for (const option of valueOptionsOf(program))
    byFlag.set(option.flag, { ...option, isAsked: option.isAsked || byFlag.get(option.flag)?.isAsked === true });
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell]({
    name: program.name(),
    places: placesOf(program, '', common),
    common: optionCandidates(common),
    valueOptions: [...byFlag.values()],
  });
}

function placesOf(command: Command, path: string, common: readonly Option[]): Place[] {
  const below = command.commands.filter((one) => one.name() !== askedCommand);
  const commands = below.map((one) => ({ text: one.name(), description: one.description() }));
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices.map((text) => ({ text, description: '' })));
  const own = command.options.filter((option) => !option.hidden && !common.includes(option));
  const isAsked = command.registeredArguments.some((argument) => kindOfName(argument) !== undefined);
  const place = { path, names: [...commands, ...choices], options: optionCandidates(own), isAsked };
  return [place, ...below.flatMap((one) => placesOf(one, `${path} ${one.name()}`.trim(), common))];
}

const flagsOf = ({ long, short }: Option): string[] => [long, short].flatMap((flag) => flag ?? []);
const optionCandidates = (options: readonly Option[]): Candidate[] =>
  options.flatMap((option) => flagsOf(option).map((text) => ({ text, description: option.description })));

function valueOptionsOf(command: Command): ValueOption[] {
  const own = command.options.filter(isTakingValue).flatMap((option) => {
    const { flags, argChoices: choices = [] } = option;
    const isAsked = kindOfName(option) !== undefined;
    return flagsOf(option).map((flag) => ({ flag, isFile: flags.endsWith('<file>'), choices, isAsked }));
  });
  return [...own, ...command.commands.flatMap(valueOptionsOf)];
}

const words = (candidates: readonly Candidate[]): string => candidates.map(({ text }) => text).join(' ');
/** The paths of commands as patterns of a shell's `case`. */
const pathPatterns = (places: readonly Place[]): string => places.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`])).join('|');
const askedPatterns = (places: readonly Place[]): string => pathPatterns(places.filter(({ isAsked }) => isAsked));
const flagPatterns = (options: readonly ValueOption[]): string => options.map(({ flag }) => flag).join('|');

/**
 * The branches of a `case` on the option whose value is completed.
 * @param choose from these words, separated by spaces
 */
function valueBranches(
  options: readonly ValueOption[],
  does: { choose: (choices: string) => string; files: string; ask: string; nothing: string },
): string {
  const chosen = options.filter(({ choices }) => choices.length > 0);
  const files = options.filter(({ isFile }) => isFile);
  const asked = options.filter(({ isAsked }) => isAsked);
  const others = options.filter((option) => ![...chosen, ...files, ...asked].includes(option));
  return [
    ...chosen.map(({ flag, choices }) => `    ${flag}) ${does.choose(choices.join(' '))} ;;`),
    `    ${flagPatterns(files)}) ${does.files} ;;`,
    `    ${flagPatterns(asked)}) ${does.ask} ;;`,
    `    ${flagPatterns(others)}) ${does.nothing} ;;`,
  ].join('\n');
}

function bashScript({ name, places, common, valueOptions }: Completed): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  const values = valueBranches(valueOptions, {
    choose: (choices) => `COMPREPLY=($(compgen -W "${choices}" -- "$cur")); return`,
    files: 'compopt -o default; return',
    ask: `${fn}_names; return`,
    nothing: 'return',
  });
  return `# bash completion of ${name}. In ~/.bashrc: source <(${name} completion bash)
# Names are compared here: compgen -W would run what stands in them.
${fn}_names() {
  local word rest head=""
  local -a before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  # Bash takes the : of REPOSITORY:TAG for a word, unless it was told not to.
  if [[ "$cur" == ":" ]]; then before+=(":"); cur=""; fi
  if [[ "$cur" == *:* ]]; then head="\${cur%:*}:"; before+=("\${cur%:*}" ":"); fi
  while IFS=$'\\t' read -r word rest; do
    if [[ "$head$word" == "$cur"* ]]; then COMPREPLY+=("$head$word"); fi
  done < <(command ${name} ${askedCommand} -- "\${before[@]}" 2>/dev/null)
}
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
    ${askedPatterns(places)}) ${fn}_names ;;
  esac
  case "$at" in
    ${takingFiles.map((path) => `"${path}"`).join('|')}) compopt -o default ;;
  esac
}
complete -F ${fn} ${name}
`;
}

function zshScript({ name, places, common, valueOptions }: Completed): string {
  // What a function does to the word that is completed is undone at its end.
  const ask = `if [[ "$PREFIX" == *:* ]]; then before+=("\${PREFIX%:*}" ":"); compset -P '*:'; fi; _${name}_names`;
  const entries = (candidates: readonly Candidate[]): string =>
    candidates.map(({ text, description }) => quoted(description === '' ? text : `${text}:${description}`)).join(' ');
  const values = valueBranches(valueOptions, {
    choose: (choices) => `compadd -- ${choices}; return`,
    files: '_files; return',
    ask: `${ask}; _describe name names; return`,
    nothing: 'return 1',
  });
  return `#compdef ${name}
# zsh completion of ${name}. In ~/.zshrc, after compinit: source <(${name} completion zsh)
# Or in a file _${name} in a folder of $fpath.
_${name}_names() {
  local word description
  while IFS=$'\\t' read -r word description; do
    names+=("$word\${description:+:$description}")
  done < <(command ${name} ${askedCommand} -- "\${(@Q)before}" 2>/dev/null)
}
_${name}() {
  local at="" prev="\${words[CURRENT-1]}" i
  local -a names options before=("\${(@)words[2,CURRENT-1]}")
  if [[ "$PREFIX" == --*=* ]]; then
    prev="\${PREFIX%%=*}"
    before+=("$prev")
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
  esac
  case "$at" in
    ${askedPatterns(places)}) ${ask} ;;
  esac
  _describe word names
}
# A file of $fpath is the function itself the first time.
if [[ "\${funcstack[1]}" == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fishScript({ name, places, common, valueOptions }: Completed): string {
  const fn = `__${name.replaceAll('-', '_')}_at`;
  const ask = `__${name.replaceAll('-', '_')}_names`;
  const paths = places.flatMap(({ path }) => (path === '' ? [] : [quotedForFish(path)])).join(' ');
  const taking = new Map(valueOptions.map((option) => [option.flag, option]));
  const valueFor = ({ flag, isFile, choices, isAsked }: ValueOption): string => {
    if (isFile) return ' -r -F';
    const values = isAsked ? `(${ask} ${flag})` : choices.join(' ');
    return ` -r -f${values === '' ? '' : ` -a ${quotedForFish(values)}`}`;
  };
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
    ...places.flatMap(({ path, isAsked }) => (isAsked ? [`complete -c ${name}${at(path)} -a ${quotedForFish(`(${ask})`)}`] : [])),
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
function ${ask}
    set -l words (commandline -opc)[2..-1]
    # That of --option=value is not among them.
    if set -q argv[1]; and test "$words[-1]" != "$argv[1]"
        set -a words $argv[1]
    end
    set -l head (string match -r '^(?!-).*:' -- (commandline -ct))
    if set -q head[1]
        set -a words (string replace -r ':$' '' -- $head) :
    end
    for line in (command ${name} ${askedCommand} -- $words 2>/dev/null)
        echo "$head$line"
    end
end
complete -c ${name} -e
complete -c ${name} -f
${lines.join('\n')}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** Fish has escapes inside single quotes. */
const quotedForFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
