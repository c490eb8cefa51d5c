// Which programs one ExecStart= starts: its first word and, where that is a shell, the programs that its script names.

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
