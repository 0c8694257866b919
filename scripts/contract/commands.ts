// The command line as data: what scripts of operators rely on, without the texts of help. Made from oclif's manifest.
export interface CommandLine {
  [id: string]: {
    aliases: string[];
    /** Prints JSON under --json; its shape is in schemas/. */
    json: boolean;
    /** More arguments than are named are taken. */
    variadic: boolean;
    args: { name: string; required: boolean; options?: string[] }[];
    flags: Record<string, Flag>;
  };
}

interface Flag {
  type: string;
  char?: string;
  required?: true;
  multiple?: true;
  allowNo?: true;
  hidden?: true;
  default?: unknown;
  options?: string[];
  exclusive?: string[];
  dependsOn?: string[];
}

/** What is used of oclif.manifest.json. */
export interface Manifest {
  commands: Record<
    string,
    {
      aliases: string[];
      hidden?: boolean;
      strict?: boolean;
      enableJsonFlag?: boolean;
      summary?: string;
      description?: string;
      examples?: unknown[];
      args: Record<string, { name: string; description?: string; required?: boolean; options?: string[] }>;
      flags: Record<string, { summary?: string; description?: string } & Record<string, unknown>>;
    }
  >;
}

const flagKeys = [
  ...["type", "char", "required", "multiple", "allowNo", "hidden", "default", "options", "exclusive", "dependsOn"],
];

export function commandLine({ commands }: Manifest): CommandLine {
  const ids = Object.keys(commands).sort();
  return Object.fromEntries(
    ids.map((id) => {
      const { aliases, strict, enableJsonFlag, args, flags } = commands[id]!;
      const names = Object.keys(flags).sort();
      return [
        id,
        {
          aliases: [...aliases].sort(),
          json: enableJsonFlag === true,
          variadic: strict === false,
          // Their order is part of the contract.
          args: Object.values(args).map(({ name, required, options }) => ({
            name,
            required: required === true,
            ...(options && { options }),
          })),
          flags: Object.fromEntries(names.map((name) => [name, flagOf(flags[name]!)])),
        },
      ];
    }),
  );
}

function flagOf(flag: Record<string, unknown>): Flag {
  const told = flagKeys.map((key) => [key, flag[key]] as const).filter(([, value]) => value && !isEmpty(value));
  return Object.fromEntries(told) as unknown as Flag;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** What became different between two command lines, a line each, such as `runners ls: --watch is gone`. */
export function commandChanges(before: CommandLine, after: CommandLine): string[] {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return ids.flatMap((id) => {
    const name = id.replaceAll(":", " ");
    const [old, now] = [before[id], after[id]];
    if (old === undefined) return [`${name} is new`];
    if (now === undefined) return [`${name} is gone`];
    const flags = [...new Set([...Object.keys(old.flags), ...Object.keys(now.flags)])].sort();
    return [
      ...(["aliases", "json", "variadic", "args"] as const)
        .filter((key) => isDifferent(old[key], now[key]))
        .map((key) => `${name}: ${key} changed from ${JSON.stringify(old[key])} to ${JSON.stringify(now[key])}`),
      ...flags.flatMap((flag) => {
        const [oldFlag, newFlag] = [old.flags[flag], now.flags[flag]];
        if (oldFlag === undefined) return [`${name}: --${flag} is new`];
        if (newFlag === undefined) return [`${name}: --${flag} is gone`];
        if (!isDifferent(oldFlag, newFlag)) return [];
        return [`${name}: --${flag} changed from ${JSON.stringify(oldFlag)} to ${JSON.stringify(newFlag)}`];
      }),
    ];
  });
}

function isDifferent(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
