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
  /** With those that it belongs to: "node start". */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly argument: Values;
  /** Names of the commands that belong to it. */
  readonly inner: readonly string[];
}

/** Words for values that commander does not know: `--template` takes the names of examples. */
export type KnownWords = Readonly<Record<string, readonly string[]>>;

/** Options and arguments that name a file or folder. */
const FILES: ReadonlySet<string> = new Set([
  "file",
  "input",
  "out",
  "fold",
  "config",
  "canaries",
  "pcapng",
  "state",
  "zeta",
]);

function valuesOf(name: string, choices: readonly string[] | undefined, known: KnownWords): Values {
  const words = choices ?? known[name];
  if (words !== undefined) return { words };
  if (name === "interface") return "interface";
  return FILES.has(name) ? "file" : "nothing";
}

function optionOf(option: Option, known: KnownWords): CompletedOption {
  const flags = [option.short, option.long].filter((flag) => typeof flag === "string");
  const takesValue = option.required || option.optional;
  const values = takesValue ? valuesOf(option.attributeName(), option.argChoices, known) : null;
  return { flags, description: option.description, values };
}

function describeOne(command: Command, before: string, known: KnownWords): readonly CompletedCommand[] {
  const [argument] = command.registeredArguments;
  const name = `${before}${command.name()}`;
  const inner = command.commands.map((one) => one.name());
  const one: CompletedCommand = {
    name,
    summary: command.summary(),
    options: command.options.map((option) => optionOf(option, known)),
    argument:
      inner.length > 0
        ? { words: inner }
        : argument === undefined
          ? "nothing"
          : valuesOf(argument.name(), argument.argChoices, known),
    inner,
  };
  return [one, ...command.commands.flatMap((each) => describeOne(each, `${name} `, known))];
}

/** The commands as a shell needs to know them; those that belong to another come after it. */
export const describe = (program: Command, known: KnownWords): readonly CompletedCommand[] =>
  program.commands.flatMap((command) => describeOne(command, "", known));

const isTop = ({ name }: CompletedCommand): boolean => !name.includes(" ");

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
  const names = commands.filter(isTop).map(({ name }) => name);
  const wordCases = commands.map(({ name }) => {
    const words = name.split(" ");
    return `      ${quote(`${words.slice(0, -1).join(" ")}/${words.at(-1)}`)}) command=${quote(name)} ;;`;
  });
  const optionCases = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, values }) =>
      values === null
        ? []
        : [`    ${flags.map((flag) => quote(`${name} ${flag}`)).join("|")}) ${bashValues(values)}; return ;;`],
    ),
  );
  const flagCases = commands.map(({ name, options }) => {
    const flags = [...options.flatMap((option) => option.flags), "--help"].join(" ");
    return `      ${quote(name)}) mapfile -t COMPREPLY < <(compgen -W ${quote(flags)} -- "$current") ;;`;
  });
  const argumentCases = commands.map(({ name, argument }) => `    ${quote(name)}) ${bashValues(argument)} ;;`);
  return `# bash completion for zeta. Load it with: source <(zeta completion bash)
_zeta() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command/$word" in
${wordCases.join("\n")}
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

/** The last word of a name. */
const ownName = ({ name }: CompletedCommand): string => name.split(" ").at(-1) ?? name;

function zshCase(command: CompletedCommand, all: readonly CompletedCommand[]): string {
  const { name, options, argument, inner } = command;
  if (inner.length > 0) {
    const own = all.filter((other) => other.name.startsWith(`${name} `));
    const words = own.map((other) => quote(`${ownName(other)}:${other.summary}`)).join(" ");
    return `      ${name})
        _arguments -C '1:command:->inner' '*::argument:->rest'
        case "$state" in
          inner) local -a inner; inner=(${words}); _describe 'command' inner ;;
          rest)
            case "$line[1]" in
${own.map((other) => zshCase(other, all)).join("\n")}
            esac ;;
        esac ;;`;
  }
  const specs = options.flatMap(({ flags, description, values }) =>
    flags.map((flag) => {
      const value = values === null ? "" : `:value:${zshValues(values)}`;
      return `        ${quote(`${flag}[${zshText(description)}]${value}`)} \\`;
    }),
  );
  const rest = argument === "nothing" ? "" : ` ${quote(`*:value:${zshValues(argument)}`)}`;
  return `      ${ownName(command)})\n        _arguments -s \\\n${specs.join("\n")}\n        '--help[show help]'${rest} ;;`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const summaries = commands.filter(isTop).map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.filter(isTop).map((command) => zshCase(command, commands));
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

/** "The words of a name have been typed", and of a family's inner commands none yet. */
function fishSeen(name: string, inner: readonly string[] = []): string {
  const seen = name.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
  return [...seen, ...(inner.length === 0 ? [] : [`not __fish_seen_subcommand_from ${inner.join(" ")}`])].join(
    "; and ",
  );
}

function fish(commands: readonly CompletedCommand[]): string {
  const names = commands
    .filter(isTop)
    .map(({ name }) => name)
    .join(" ");
  const lines = commands.flatMap((command) => {
    const { name, summary, options, argument, inner } = command;
    const when = quote(fishSeen(name));
    const flags = options.map(({ flags: given, description, values }) => {
      const forms = given.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = values === null ? "" : ` ${fishValues(values)}`;
      return `complete -c zeta -n ${when} ${forms.join(" ")}${value} -d ${quote(description)}`;
    });
    const argumentLine = argument === "file" ? `complete -c zeta -n ${when} -F` : null;
    const words =
      typeof argument === "object" && inner.length === 0
        ? `complete -c zeta -n ${when} -f -a ${quote(argument.words.join(" "))}`
        : null;
    const group = commands.find((other) => other.inner.length > 0 && name === `${other.name} ${ownName(command)}`);
    const first = group === undefined ? "__fish_use_subcommand" : fishSeen(group.name, group.inner);
    return [
      `complete -c zeta -n ${quote(first)} -f -a ${ownName(command)} -d ${quote(summary)}`,
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
