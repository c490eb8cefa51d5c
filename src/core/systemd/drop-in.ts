// The drop-in that makes one service preload the shim or its twin, the share library or both, beside what it preloads already. One
// file has them all, since the last value of a variable is the only one.
import { type EnvironmentEntry, PRELOAD_VARIABLE } from "./environment.ts";
import { literal, quoteWord } from "./words.ts";

export const DROP_IN_NAME = "50-portreserve.conf";

const MARKER = "# Written by 'portreservectl install --unit'; 'portreservectl uninstall --unit' removes it.";
const SHARE_MARKER = "# Written by 'portreservectl hold --share'; 'portreservectl unhold' removes it.";
const WITH_SHARE =
  "# Its last library was added by 'portreservectl hold --share'; 'portreservectl unhold' takes it out.";

const WITH_HIGH = "# High ports: its first library gives ports that the kernel chooses, from 1024 up.";

const PORTS = "# Held ports: ";

export interface DropIn {
  /** The unit's LD_PRELOAD, with or without ours in it. */
  readonly preload: EnvironmentEntry | undefined;
  /** What ld.so is to load, the shim or its twin first and the share library last; `$LIB` may be in it. */
  readonly shim?: string;
  /** The first one is the twin. */
  readonly isHigh?: boolean;
  readonly share?: string;
  /** The held ports for which the share library is there: "631/udp". */
  readonly ports?: readonly string[];
}

export function dropInText({ preload, shim, isHigh, share, ports = [] }: DropIn): string {
  const [first, last] = [shim, share].map((library) => (library === undefined ? [] : [literal(library)]));
  const ours = [...(first ?? []), ...(last ?? [])];
  const libraries = [...(first ?? []), ...otherLibraries(preload?.template, ours), ...(last ?? [])];
  const shared = share === undefined ? [] : [`${PORTS}${ports.join(" ")}`];
  const head = shim === undefined ? [SHARE_MARKER] : share === undefined ? [MARKER] : [MARKER, WITH_SHARE];
  const high = isHigh === true ? [WITH_HIGH] : [];
  const setting = `Environment=${quoteWord(`${PRELOAD_VARIABLE}=${libraries.join(":")}`)}`;
  return [...head, ...high, ...shared, "[Service]", setting, ""].join("\n");
}

/** Whether we wrote it: the administrator may have edited the rest. */
export function isOurDropIn(text: string): boolean {
  return isShimDropIn(text) || isShareDropIn(text);
}

/** Whether it is to give the shim or its twin, with the share library or without. */
export function isShimDropIn(text: string): boolean {
  return text.split("\n", 1)[0] === MARKER;
}

/** Whether it is there for the share library alone. */
export function isShareDropIn(text: string): boolean {
  return text.split("\n", 1)[0] === SHARE_MARKER;
}

/** The held ports for which a drop-in gives the share library, as it was told. */
export function portsFor(text: string): readonly string[] {
  const line = text.split("\n").find((one) => one.startsWith(PORTS)) ?? "";
  return line
    .slice(PORTS.length)
    .split(" ")
    .filter((port) => /^\d{1,5}\/(tcp|udp)$/.test(port));
}

/** Where the drop-ins of a unit are, below a folder of units. */
export function dropInPath(unit: string): string {
  return `${unit}.d/${DROP_IN_NAME}`;
}

/** Whether a value of LD_PRELOAD has the shim in it. */
export function preloads(value: string, shim: string): boolean {
  return librariesIn(value).some((library) => isSame(library, shim));
}

/** What LD_PRELOAD was before our drop-in gave it `ours`; undefined where nothing else was in it. */
export function withoutOurs(
  preload: EnvironmentEntry | undefined,
  ours: readonly string[],
): EnvironmentEntry | undefined {
  if (preload === undefined || !ours.some((library) => preloads(preload.value, library))) return preload;
  const value = otherLibraries(preload.value, ours).join(":");
  if (value === "") return undefined;
  return { name: preload.name, value, template: otherLibraries(preload.template, ours.map(literal)).join(":") };
}

function otherLibraries(value: string | undefined, ours: readonly string[]): string[] {
  return librariesIn(value ?? "").filter((library) => !ours.some((one) => isSame(library, one)));
}

/** As ld.so splits the variable; it has no way to write a space or a colon within a name. */
export function librariesIn(value: string): string[] {
  return value.split(/[ :]+/).filter((library) => library !== "");
}

function isSame(library: string, shim: string): boolean {
  return library.replace(/\$\{LIB\}/g, "$LIB") === shim;
}
