// Completion for bash and zsh: a table of commands and flags that both read, and the part that each shell has of its own.
import type { CompletionModel, Values } from "./model.ts";

/** What both shells know: what can stand in a place, and what a flag or an argument takes. */
function table({ topics, commands }: CompletionModel): string {
  const rows = new Map<string, { name: string; summary: string }[]>([["", topics]]);
  for (const { name, summary } of commands) {
    const [topic, verb] = name.split(" ") as [string, string?];
    if (verb !== undefined) rows.set(topic, [...(rows.get(topic) ?? []), { name: verb, summary }]);
  }
  const flags = commands.map(
    ({ name, flags }) => [name, flags.map(({ name, summary }) => ({ name: `--${name}`, summary }))] as const,
  );
  const takes = new Map<string, string>();
  for (const { name, flags, values } of commands) {
    takes.set(name, specOf(values));
    for (const flag of flags) {
      if (flag.values === undefined) continue;
      takes.set(`${name} --${flag.name}`, specOf(flag.values));
      if (flag.char) takes.set(`${name} -${flag.char}`, specOf(flag.values));
    }
  }
  return `
# The commands of a topic, one a line: its name, a tab, what it does.
_modal_gha_commands() {
  case "$1" in
${[...rows].map(([topic, list]) => listCase(topic, list)).join("\n")}
  esac
}

_modal_gha_flags() {
  case "$1" in
${flags.map(([name, list]) => listCase(name, list)).join("\n")}
  esac
}

# What a command's arguments, or a flag of it, take.
_modal_gha_takes() {
  case "$1" in
${cases(takes)}
  esac
}

# Values that the fleet knows: quick, quiet, and at most some seconds old.
_modal_gha_values() {
  local fleet="" policy="" before="" word
  local program="$1" kind="$2"
  shift 2
  for word in "$@"; do
    case "$before" in --fleet) fleet="$word" ;; --policy) policy="$word" ;; esac
    case "$word" in --fleet=*) fleet="\${word#*=}" ;; --policy=*) policy="\${word#*=}" ;; esac
    before="$word"
  done
  set -- completion values "$kind"
  [ -z "$fleet" ] || set -- "$@" --fleet "$fleet"
  [ -z "$policy" ] || set -- "$@" --policy "$policy"
  "$program" "$@" </dev/null 2>/dev/null
}

# The command that the words make, as far as they make one: "", a topic, or a command.
_modal_gha_command() {
  local command="" word
  for word in "$@"; do
    case "$word" in -*) break ;; esac
    if _modal_gha_commands "$command" | cut -f1 | grep -qxF -- "$word"; then command="\${command:+$command }$word"; else break; fi
  done
  printf '%s' "$command"
}
`;
}

function specOf(values: Values | undefined): string {
  if (values === undefined) return "";
  if (values.kind === "words") return `words ${values.words.join(" ")}`;
  return values.kind === "dynamic" ? `dynamic ${values.of}` : values.kind;
}

function listCase(key: string, list: readonly { name: string; summary: string }[]): string {
  const args = list.flatMap(({ name, summary }) => [quoted(name), quoted(summary)]).join(" ");
  return `    ${quoted(key)}) printf '%s\\t%s\\n' ${args} ;;`;
}

/** Keys with the same answer share a line. */
function cases(takes: ReadonlyMap<string, string>): string {
  const bySpec = Map.groupBy(takes, ([, spec]) => spec);
  return [...bySpec]
    .filter(([spec]) => spec !== "")
    .map(([spec, keys]) => `    ${keys.map(([key]) => quoted(key)).join(" | ")}) printf '%s' ${quoted(spec)} ;;`)
    .join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Works in bash 3.2, as macOS has it, and without the bash-completion package. */
export function bashScript(model: CompletionModel): string {
  return `# bash completion of modal-gha. Put into ~/.bashrc: source <(modal-gha completion bash)
${table(model)}
_modal_gha() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" command takes words IFS=$'\\n'
  # bash takes --flag=value apart.
  if [ "$current" = "=" ]; then current=""; elif [ "$before" = "=" ]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  command="$(_modal_gha_command "\${COMP_WORDS[@]:1:COMP_CWORD-1}")"
  takes=""
  case "$before" in -*) takes="$(_modal_gha_takes "$command $before")" ;; esac
  if [ -z "$takes" ]; then
    case "$current" in
      -*) words="$(_modal_gha_flags "$command" | cut -f1)" ;;
      *)
        words="$(_modal_gha_commands "$command" | cut -f1)"
        takes="$(_modal_gha_takes "$command")"
        ;;
    esac
  fi
  case "$takes" in
    "words "*) words="$(printf '%s' "\${takes#words }" | tr ' ' '\\n')" ;;
    "dynamic "*) words="$(_modal_gha_values "$1" "\${takes#dynamic }" "\${COMP_WORDS[@]:1}" | cut -f1)" ;;
    files | folders)
      if type compopt >/dev/null 2>&1; then compopt -o filenames; fi
      if [ "$takes" = files ]; then COMPREPLY=($(compgen -f -- "$current")); else COMPREPLY=($(compgen -d -- "$current")); fi
      return
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -F _modal_gha modal-gha
`;
}

/** For a file on $fpath, or to be sourced. */
export function zshScript(model: CompletionModel): string {
  return `#compdef modal-gha
# zsh completion of modal-gha. Put into ~/.zshrc: source <(modal-gha completion zsh)
${table(model)}
# Offers lines of a name, a tab and what it is.
_modal_gha_offer() {
  local -a offered
  local line
  for line in "\${(@f)2}"; do
    [[ -n "$line" ]] && offered+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#offered )) && _describe -t "$1" "$1" offered
}

_modal_gha() {
  local command takes="" current="\${words[CURRENT]}" before="\${words[CURRENT - 1]}"
  if [[ "$current" == --*=* ]]; then
    before="\${current%%=*}"
    compset -P '*='
  fi
  command="$(_modal_gha_command "\${(@)words[2,CURRENT-1]}")"
  [[ "$before" == -* ]] && takes="$(_modal_gha_takes "$command $before")"
  if [[ -z "$takes" ]]; then
    if [[ "$current" == -* ]]; then
      _modal_gha_offer flag "$(_modal_gha_flags "$command")"
      return
    fi
    _modal_gha_offer command "$(_modal_gha_commands "$command")"
    takes="$(_modal_gha_takes "$command")"
  fi
  case "$takes" in
    "words "*) compadd -- \${(s: :)takes#words } ;;
    "dynamic "*) _modal_gha_offer "\${takes#dynamic }" "$(_modal_gha_values "\${words[1]}" "\${takes#dynamic }" "\${(@)words[2,-1]}")" ;;
    files) _files ;;
    folders) _files -/ ;;
  esac
}

if [[ "\${funcstack[1]}" == _modal_gha ]]; then
  _modal_gha "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _modal_gha modal-gha
fi
`;
}
