// The files that the mechanisms write: their texts, and what is in one of ours.
import type { ClientRange } from "./nfs-range.ts";
import { parsePortList, portListText } from "./port-list.ts";

/** The mechanisms that are files and settings of the host, beside the shim. */
export type ManagedName = "nfs-range" | "noresvport" | "ephemeral" | "fixed";

/** The first line of each. */
export function markOf(name: ManagedName): string {
  return `# Written by 'portreservectl mechanisms apply ${name}'; 'portreservectl mechanisms remove ${name}' removes it.`;
}

/** Whether this program wrote it. */
export function isManagedText(name: ManagedName, text: string): boolean {
  return text.split("\n", 1)[0] === markOf(name);
}

const FOLDER = "# Its folder was made for it.";

/** Said in the file itself, so that `remove` leaves a folder that was there before, or one that a killed run has left empty. */
export function withFolderMade(text: string): string {
  return text.replace("\n", `\n${FOLDER}\n`);
}

export function saysFolderMade(text: string): boolean {
  return text.split("\n").includes(FOLDER);
}

export function modprobeText({ min, max }: ClientRange): string {
  return `${markOf("nfs-range")}\noptions sunrpc min_resvport=${min} max_resvport=${max}\n`;
}

const BEFORE = "# The range before: ";

/**
 * What sets it one line after the other must never have min above max, whatever was set before. `before` is what `remove`
 * gives back to the running kernel.
 */
export function rangeSysctlText({ min, max }: ClientRange, before: ClientRange, widest: number): string {
  return `${markOf("nfs-range")}
${BEFORE}${before.min}-${before.max}
-sunrpc.max_resvport = ${widest}
-sunrpc.min_resvport = ${min}
-sunrpc.max_resvport = ${max}
`;
}

/** What such a file says; undefined where it is not whole. */
export function parseRangeSysctl(
  text: string,
): { readonly range: ClientRange; readonly before: ClientRange } | undefined {
  const before = /^# The range before: ([0-9]+)-([0-9]+)$/m.exec(text);
  const min = /^-sunrpc\.min_resvport = ([0-9]+)$/m.exec(text);
  const max = [...text.matchAll(/^-sunrpc\.max_resvport = ([0-9]+)$/gm)].at(-1);
  if (before === null || min === null || max === undefined) return undefined;
  return {
    range: { min: Number(min[1]), max: Number(max[1]) },
    before: { min: Number(before[1]), max: Number(before[2]) },
  };
}

/** `Resvport=no` would be taken for an option of that name, and break every mount. */
export const NORESVPORT_TEXT = `${markOf("noresvport")}
[ NFSMount_Global_Options ]
Resvport=False
`;

const OURS = "# Of portreserve: ";

/** `list`: all that is set, since a write replaces it. `ours`: those that `remove` takes out of it again. */
export function ephemeralText(list: readonly number[], ours: readonly number[]): string {
  const setting = list.length === 0 ? "" : `net.ipv4.ip_local_reserved_ports = ${portListText(list)}\n`;
  return `${markOf("ephemeral")}\n${OURS}${portListText(ours)}\n${setting}`;
}

/** Empty where the file is not whole: then nothing is known to be ours. */
export function parseEphemeralOurs(text: string): readonly number[] {
  const line = text.split("\n").find((one) => one.startsWith(OURS));
  return (line === undefined ? undefined : parsePortList(line.slice(OURS.length))) ?? [];
}
