// The drop-in that makes one service preload the shim, beside what it preloads already.
import { type EnvironmentEntry, PRELOAD_VARIABLE } from "./environment.ts";
import { literal, quoteWord } from "./words.ts";

export const DROP_IN_NAME = "50-portreserve.conf";

const MARKER = "# Written by 'portreservectl install --unit'; 'portreservectl uninstall --unit' removes it.";

export interface DropIn {
  /** The unit's LD_PRELOAD, with or without ours in it. */
  readonly preload: EnvironmentEntry | undefined;
  /** What ld.so is to load; `$LIB` may be in it. */
  readonly shim: string;
}

export function dropInText({ preload, shim }: DropIn): string {
  const libraries = [literal(shim), ...otherLibraries(preload?.template, literal(shim))];
  return `${MARKER}\n[Service]\nEnvironment=${quoteWord(`${PRELOAD_VARIABLE}=${libraries.join(":")}`)}\n`;
}

/** Whether we wrote it: the administrator may have edited the rest. */
export function isOurDropIn(text: string): boolean {
  return text.split("\n", 1)[0] === MARKER;
}

/** Where the drop-ins of a unit are, below a folder of units. */
export function dropInPath(unit: string): string {
  return `${unit}.d/${DROP_IN_NAME}`;
}

/** Whether a value of LD_PRELOAD has the shim in it. */
export function preloads(value: string, shim: string): boolean {
  return librariesIn(value).some((library) => isSame(library, shim));
}

/** What LD_PRELOAD was before our drop-in; undefined where nothing else was in it. */
export function withoutShim(preload: EnvironmentEntry | undefined, shim: string): EnvironmentEntry | undefined {
  if (preload === undefined || !preloads(preload.value, shim)) return preload;
  const value = otherLibraries(preload.value, shim).join(":");
  if (value === "") return undefined;
  return { name: preload.name, value, template: otherLibraries(preload.template, literal(shim)).join(":") };
}

function otherLibraries(value: string | undefined, shim: string): string[] {
  return librariesIn(value ?? "").filter((library) => !isSame(library, shim));
}

/** As ld.so splits the variable; it has no way to write a space or a colon within a name. */
export function librariesIn(value: string): string[] {
  return value.split(/[ :]+/).filter((library) => library !== "");
}

function isSame(library: string, shim: string): boolean {
  return library.replace(/\$\{LIB\}/g, "$LIB") === shim;
}
