// The portreserve daemon of old, which bound ports and let them go: by what its parts, and those who call it, are known.

/** What every part of it is called. */
const NAME = "portreserve";

/** What /proc adds to the path of a program whose package was removed, or replaced, while it runs. */
const DELETED = " (deleted)";

/** Whether this is the path of its program, as distributions have installed it. */
export function isOldProgram(path: string): boolean {
  const whole = path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
  return new RegExp(`^(/usr)?/sbin/${NAME}$`).test(whole);
}

/** Whether a unit's text starts the daemon. */
export function startsOldDaemon(text: string): boolean {
  return new RegExp(`^[ \\t]*ExecStart[ \\t]*=[ \\t]*[-@:+!|]*(/usr)?/sbin/${NAME}([ \\t]|$)`, "m").test(text);
}

/** `needed`: without that very program the unit does not start. */
export type ReleaseCall = "optional" | "needed";

/** How a unit, or a script, calls portrelease; undefined if it does not. Comments do not count. */
export function releaseCall(text: string): ReleaseCall | undefined {
  const lines = text.split("\n").filter((line) => !/^\s*[#;]/.test(line));
  if (!lines.some((line) => /(^|[^\w.-])portrelease(?![\w.-])/.test(line))) return undefined;
  const needed = lines.some((line) => /^\s*Exec\w+\s*=\s*[@:+!|]*(\/usr)?\/sbin\/portrelease(\s|$)/.test(line));
  return needed ? "needed" : "optional";
}

/** The name under which the link of a runlevel no longer starts the daemon, as 'update-rc.d disable' has it; undefined for others. */
export function stoppedLink(name: string): string | undefined {
  return new RegExp(`^S\\d\\d${NAME}$`).test(name) ? `K${name.slice(1)}` : undefined;
}
