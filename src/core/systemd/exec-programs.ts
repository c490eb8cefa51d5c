// Which programs one ExecStart= starts: its first word and, where that is a shell, the programs that its script names.

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
  const named = SHELLS.has(name) ? args.flatMap((arg) => arg.split(/[\s;&|"'()]+/)).filter(isPath) : [];
  return [...new Set([program, ...named].map(single))];
}

const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"]);

function isPath(word: string): boolean {
  return /^\/+[^/]/.test(word) && !/[$*?[]/.test(word);
}

/** The kernel takes several leading slashes for one. */
function single(path: string): string {
  return path.replace(/^\/+/, "/");
}
