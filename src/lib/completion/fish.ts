// Completion for fish: a line for each command and flag, with the condition under which it is offered.
import type { CompletableFlag, CompletionModel, Values } from "./model.ts";

export function fishScript({ topics, commands }: CompletionModel): string {
  const verbs = commands.filter(({ name }) => name.includes(" "));
  const names = [...new Set([...topics.map(({ name }) => name), ...commands.map(({ name }) => name)])];
  const lines = [
    ...topics.map(({ name, summary }) => offer("", ["-a", name, "-d", summary])),
    ...verbs.map(({ name, summary }) => {
      const [topic = "", verb = ""] = name.split(" ");
      return offer(topic, ["-a", verb, "-d", summary]);
    }),
    ...commands.flatMap(({ name, flags, values }) => [
      ...(values === undefined ? [] : argumentOf(values).map((words) => offer(name, words))),
      ...flags.map((flag) => offer(name, flagWords(flag))),
    ]),
  ];
  return `# fish completion of modal-gha. Once: modal-gha completion fish > ~/.config/fish/completions/modal-gha.fish

# Whether the words so far make this command, or topic, and no longer one.
function __modal_gha_at
    set -l found
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and break
        contains -- (string join ' ' $found $word) ${names.map(quoted).join(" ")}; or break
        set -a found $word
    end
    test "$argv" = "$found"
end

# Values that the fleet knows: quick, quiet, and at most some seconds old.
function __modal_gha_values
    set -l words (commandline -opc)
    set -l more
    for flag in --fleet --policy
        set -l at (contains -i -- $flag $words); and test $at -lt (count $words); and set -a more $flag $words[(math $at + 1)]
    end
    $words[1] completion values $argv $more </dev/null 2>/dev/null
end

complete -c modal-gha -f
${lines.join("\n")}
`;
}

function offer(command: string, words: readonly string[]): string {
  return `complete -c modal-gha -n ${quoted(`__modal_gha_at ${command}`.trim())} ${words.map(wordOf).join(" ")}`;
}

function flagWords({ name, char, summary, values }: CompletableFlag): string[] {
  return [
    ...["-l", name],
    ...(char === undefined ? [] : ["-s", char]),
    ...(values === undefined ? [] : ["-r", ...(argumentOf(values)[0] ?? [])]),
    ...["-d", summary],
  ];
}

function argumentOf(values: Values): string[][] {
  switch (values.kind) {
    case "words":
      return [["-a", values.words.join(" ")]];
    case "dynamic":
      return [["-a", `(__modal_gha_values ${values.of})`]];
    case "files":
      return [["-F"]];
    case "folders":
      return [["-a", "(__fish_complete_directories)"]];
    case "text":
      return [];
  }
}

function wordOf(text: string): string {
  return /^-?-?[A-Za-z0-9-]+$/.test(text) ? text : quoted(text);
}

/** In fish only these two mean something between single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
