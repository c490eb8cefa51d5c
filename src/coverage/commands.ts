// The commands that cure: only with names that are safe to paste into a shell.
import type { ProcessFacts } from "./facts.ts";
import type { Host } from "./host.ts";

const PLAIN = /^[A-Za-z0-9:_.@-]+$/;
/** systemd escapes what else may be in a unit's name as \xNN. */
const ESCAPED = /^[A-Za-z0-9:_.\\@-]+$/;

/** The unit as a word of a command; undefined for a text that is not a unit's name. */
export function unitWord(unit: string): string | undefined {
  if (unit.startsWith("-") || unit.length > 255) return undefined;
  if (PLAIN.test(unit)) return unit;
  return ESCAPED.test(unit) ? `'${unit}'` : undefined;
}

/** Services that a running host cannot do without, and that do not survive a restart. */
const NEVER_RESTARTED = /^(dbus|dbus-broker|systemd-logind|elogind)\.service$/;

/** How the program of this process is restarted. */
export function restartHint({ pid, unit }: Pick<ProcessFacts, "pid" | "unit">): string {
  if (pid === 1) return "systemctl daemon-reexec";
  if (unit === undefined) return `restart process ${pid}`;
  if (/^session-[^.]*\.scope$/.test(unit) || /^user@\d+\.service$/.test(unit)) return "log out and in again";
  if (NEVER_RESTARTED.test(unit)) return "reboot";
  const word = serviceWord(unit);
  return word === undefined ? `restart process ${pid}` : `systemctl restart ${word}`;
}

/** `portreservectl install`, for the unit alone where this host covers unit by unit. */
export function installHint(unit: string | undefined, host: Host): string {
  return host.unitByUnit ? unitHint(unit, host.unit(unit)?.highPorts) : "portreservectl install";
}

/** The same for the unit alone, if it is one that can be covered alone. `high`: it is to have high ports, as it has now. */
export function unitHint(unit: string | undefined, high = false): string {
  const word = serviceWord(unit);
  return word === undefined ? "portreservectl install" : `portreservectl install --unit ${word}${high ? HIGH : ""}`;
}

const HIGH = " --high-ports";

/** A service of the host as a word of a command. */
export function serviceWord(unit: string | undefined): string | undefined {
  if (unit === undefined || !unit.endsWith(".service") || /^user@/.test(unit)) return undefined;
  return unitWord(unit);
}
