// Which programs one ExecStart= starts: its first word and, where that is a shell or starts another, the programs that it names.

/** The settings of services and sockets that start programs beside ExecStart=: before it, after it, or while it runs. */
export const HELPER_SETTINGS = [
  "ExecCondition",
  "ExecStartPre",
  "ExecStartPost",
  "ExecReload",
  "ExecStop",
  "ExecStopPre",
  "ExecStopPost",
] as const;

/** One setting's value, without the marks before the program. */
export interface ExecCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** Those of several commands, each once. */
export function programsOf(commands: readonly ExecCommand[]): readonly string[] {
  return [...new Set(commands.flatMap(({ program, args }) => execPrograms(program, args)))];
}

/** As words, without the marks before the first; paths may be relative, as unit files may write them. */
export function execPrograms(program: string, args: readonly string[]): readonly string[] {
  const name = program.slice(program.lastIndexOf("/") + 1);
  const starts = STARTERS.has(name) || /^ld(-linux.*)?\.so\.\d$/.test(name);
  const words = SHELLS.has(name) ? args.flatMap((arg) => arg.split(/[\s;&|"'()]+/)) : starts ? args : [];
  const named = words.filter(isPath);
  return [...new Set([program, ...named].map(single))];
}

const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"]);

/** Programs that become another one, or start it, in the same root. */
const STARTERS: ReadonlySet<string> = new Set([
  ...[
    "env",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "numactl",
    "prlimit",
    "choom",
    "timeout",
    "nohup",
    "setsid",
    "stdbuf",
  ],
  ...["setpriv", "capsh", "runuser", "su", "sudo", "flock", "start-stop-daemon", "daemon", "unshare", "systemd-run"],
  ...["systemd-cat", "systemd-inhibit", "tini", "dumb-init", "busybox"],
]);

function isPath(word: string): boolean {
  return /^\/+[^/]/.test(word) && !/[$*?[]/.test(word);
}

/** The kernel takes several leading slashes for one. */
function single(path: string): string {
  return path.replace(/^\/+/, "/");
}

/** The commands of one value: a ';' that is a word of its own, without quotes, is between two. Each as it is written. */
export function commandsIn(value: string): readonly string[] {
  const found: string[] = [];
  let quoted = "";
  let start = 0;
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charAt(at);
    if (character === "\\") at += 1;
    else if (quoted !== "") quoted = character === quoted ? "" : quoted;
    else if (character === '"' || character === "'") quoted = character;
    else if (character === ";" && isBlank(value.charAt(at - 1)) && isBlank(value.charAt(at + 1))) {
      found.push(value.slice(start, at));
      start = at + 1;
    }
  }
  return [...found, value.slice(start)].map((text) => text.trim());
}

function isBlank(character: string): boolean {
  return character === "" || /\s/.test(character);
}
