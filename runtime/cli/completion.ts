/** Completion scripts, made from the commands themselves: they need nothing but the shell when they run. */
import type { Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What the value of an option or argument is; the shell offers it. */
type Values = { readonly words: readonly string[] } | "file" | "interface" | "nothing";

interface CompletedOption {
  readonly flags: readonly string[];
  readonly description: string;
  /** Null for a flag without a value. */
  readonly values: Values | null;
}

interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly argument: Values;
}

/** Words for values that commander does not know: `--template` takes the names of examples. */
export type KnownWords = Readonly<Record<string, readonly string[]>>;

function valuesOf(name: string, choices: readonly string[] | undefined, known: KnownWords): Values {
  const words = choices ?? known[name];
  if (words !== undefined) return { words };
  if (name === "interface") return "interface";
  return ["file", "out", "config", "zeta", "input"].includes(name) ? "file" : "nothing";
}

function optionOf(option: Option, known: KnownWords): CompletedOption {
  const flags = [option.short, option.long].filter((flag) => typeof flag === "string");
  const takesValue = option.required || option.optional;
  const values = takesValue ? valuesOf(option.attributeName(), option.argChoices, known) : null;
  return { flags, description: option.description, values };
}

/** The commands as a shell needs to know them. */
export function describe(program: Command, known: KnownWords): readonly CompletedCommand[] {
  return program.commands.map((command) => {
    const argument = command.registeredArguments[0];
    return {
      name: command.name(),
      summary: command.summary(),
      options: command.options.map((option) => optionOf(option, known)),
      argument: argument === undefined ? "nothing" : valuesOf(argument.name(), argument.argChoices, known),
    };
  });
}

/** For single quotes in all three shells (fish takes the same form for text without backslashes). */
const quote = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

const INTERFACES = "$(ls /sys/class/net 2>/dev/null)";

function bashValues(values: Values): string {
  if (values === "file") return 'mapfile -t COMPREPLY < <(compgen -f -- "$current")';
  if (values === "nothing") return "COMPREPLY=()";
  const words = values === "interface" ? `"${INTERFACES}"` : quote(values.words.join(" "));
  return `mapfile -t COMPREPLY < <(compgen -W ${words} -- "$current")`;
}

function bash(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const optionCases = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, values }) =>
      values === null
        ? []
        : [`    ${flags.map((flag) => quote(`${name} ${flag}`)).join("|")}) ${bashValues(values)}; return ;;`],
    ),
  );
  const flagCases = commands.map(({ name, options }) => {
    const flags = [...options.flatMap((option) => option.flags), "--help"].join(" ");
    return `      ${name}) mapfile -t COMPREPLY < <(compgen -W ${quote(flags)} -- "$current") ;;`;
  });
  const argumentCases = commands.map(({ name, argument }) => `    ${name}) ${bashValues(argument)} ;;`);
  return `# bash completion for zeta. Load it with: source <(zeta completion bash)
_zeta() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      ${names.join("|")}) command="$word"; break ;;
    esac
  done
  if [[ -z "$command" ]]; then
    mapfile -t COMPREPLY < <(compgen -W ${quote([...names, "help", "--help", "--version"].join(" "))} -- "$current")
    return
  fi
  case "$command $previous" in
${optionCases.join("\n")}
  esac
  if [[ "$current" == -* ]]; then
    case "$command" in
${flagCases.join("\n")}
    esac
    return
  fi
  case "$command" in
${argumentCases.join("\n")}
  esac
}
complete -o filenames -F _zeta zeta
`;
}

/** Inside an argument of _arguments, brackets and colons part the fields. */
const zshText = (text: string): string => text.replace(/[[\]:]/g, (special) => `\\${special}`);

function zshValues(values: Values): string {
  if (values === "file") return "_files";
  if (values === "interface") return `(${INTERFACES})`;
  return values === "nothing" ? " " : `(${values.words.join(" ")})`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const summaries = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options, argument }) => {
    const specs = options.flatMap(({ flags, description, values }) =>
      flags.map((flag) => {
        const value = values === null ? "" : `:value:${zshValues(values)}`;
        return `        ${quote(`${flag}[${zshText(description)}]${value}`)} \\`;
      }),
    );
    const rest = argument === "nothing" ? "" : ` ${quote(`*:value:${zshValues(argument)}`)}`;
    return `      ${name})\n        _arguments -s \\\n${specs.join("\n")}\n        '--help[show help]'${rest} ;;`;
  });
  return `#compdef zeta
# zsh completion for zeta. Load it with: source <(zeta completion zsh)
_zeta() {
  local -a commands
  commands=(
${summaries.join("\n")}
  )
  local line state
  _arguments -C '--help[show help]' '--version[show the version]' '1:command:->command' '*::argument:->argument'
  case "$state" in
    command) _describe 'command' commands ;;
    argument)
      case "$line[1]" in
${cases.join("\n")}
      esac ;;
  esac
}
if [ "$funcstack[1]" = "_zeta" ]; then _zeta "$@"; else compdef _zeta zeta; fi
`;
}

/** In fish, -r requires a value, -f forbids file names, -F asks for them. */
function fishValues(values: Values): string {
  if (values === "file") return "-r -F";
  if (values === "nothing") return "-x";
  const words = values === "interface" ? "(ls /sys/class/net 2>/dev/null)" : values.words.join(" ");
  return `-x -a ${quote(words)}`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = commands.flatMap(({ name, summary, options, argument }) => {
    const when = quote(`__fish_seen_subcommand_from ${name}`);
    const flags = options.map(({ flags: given, description, values }) => {
      const forms = given.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = values === null ? "" : ` ${fishValues(values)}`;
      return `complete -c zeta -n ${when} ${forms.join(" ")}${value} -d ${quote(description)}`;
    });
    const argumentLine = argument === "file" ? `complete -c zeta -n ${when} -F` : null;
    const words =
      typeof argument === "object" ? `complete -c zeta -n ${when} -f -a ${quote(argument.words.join(" "))}` : null;
    return [
      `complete -c zeta -n '__fish_use_subcommand' -f -a ${name} -d ${quote(summary)}`,
      ...flags,
      ...[argumentLine, words].filter((line) => line !== null),
    ];
  });
  return `# fish completion for zeta. Load it with: zeta completion fish | source
complete -c zeta -f
${lines.join("\n")}
# The commands: ${names}
`;
}

const WRITERS: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = { bash, zsh, fish };

export const completionScript = (shell: Shell, program: Command, known: KnownWords): string =>
  WRITERS[shell](describe(program, known));
