// What our drop-in of a unit has to say, as the unit's other files say it now, and whether it still says so.
import { fileName } from "../text.ts";
import {
  DROP_IN_NAME,
  isOurDropIn,
  isShareDropIn,
  isShimDropIn,
  librariesIn,
  portsFor,
  preloads,
  withoutOurs,
} from "./drop-in.ts";
import { type EnvironmentEntry, findEntry, PRELOAD_VARIABLE } from "./environment.ts";
import { fromFiles } from "./from-files.ts";
import type { UnitFile } from "./unit-file.ts";

/** What ld.so is told of each of our libraries; a unit has either of the first two. */
export interface OurLibraries {
  readonly shim: string;
  readonly high: string;
  readonly share: string;
}

/** Which of them stands first: the shim, or its twin that gives high ports. */
export type ShimKind = "shim" | "high";

/** `files`: the unit's own and its drop-ins, in the order in which systemd reads them; ours may be among them. */
export interface DropInFacts extends OurLibraries {
  readonly unit: string;
  readonly files: readonly UnitFile[];
  /** What systemd gives to every service; asked only where the unit says nothing. */
  readonly fromManager: () => EnvironmentEntry | undefined;
}

/** Which of our libraries a drop-in gives. */
export interface DropInParts {
  readonly shim: ShimKind | undefined;
  /** The held ports for which it gives the share library; undefined where it does not. */
  readonly share: readonly string[] | undefined;
}

/** `file`: the drop-in in our place, if there is one. */
export function partsGiven(
  unit: string,
  file: UnitFile | undefined,
  { high, share }: Pick<OurLibraries, "high" | "share">,
): DropInParts {
  if (file === undefined || !isOurs(file)) return { shim: undefined, share: undefined };
  const said = valueIn(unit, [file]) ?? "";
  const shared = isShareDropIn(file.text) || preloads(said, share);
  const first = preloads(said, high) ? "high" : "shim";
  return {
    shim: isShimDropIn(file.text) ? first : undefined,
    share: shared ? portsFor(file.text) : undefined,
  };
}

/** The unit's LD_PRELOAD without our libraries, as all its files but ours say it. */
export function ownPreload({ unit, files, shim, high, share, fromManager }: DropInFacts): EnvironmentEntry | undefined {
  const others = files.filter((file) => !isOurs(file));
  const own = findEntry(fromFiles(unit, others).environment, PRELOAD_VARIABLE);
  return withoutOurs(own ?? fromManager(), [shim, high, share]);
}

/** `certain`: the shim is not in it. Words after "not covered: " or "unknown: ". */
export interface DropInFault {
  readonly certain: boolean;
  readonly reason: string;
}

const NOT_NAMED: DropInFault = { certain: true, reason: "its drop-in does not name the shim" };

/** Undefined where our drop-in says what it should, and where another file has the last word: that is judged otherwise. */
export function dropInFault(facts: DropInFacts): DropInFault | undefined {
  const { unit, files, share } = facts;
  // What gives the share library alone covers nothing, and need not.
  const ours = files.filter((file) => isOurs(file) && isShimDropIn(file.text));
  const said = valueIn(unit, ours);
  const shim = facts[preloads(said ?? "", facts.high) ? "high" : "shim"];
  const inForce = valueIn(unit, files);
  const names = (value: string | undefined): value is string => value !== undefined && preloads(value, shim);
  if (ours.length === 0) return undefined;
  if (!names(said)) return names(inForce) ? undefined : NOT_NAMED;
  if (said !== inForce) return undefined;
  const wanted = [shim, ...librariesIn(ownPreload(facts)?.value ?? "")].join(":");
  const found = librariesIn(said)
    .filter((name) => !preloads(name, share))
    .map((name) => (preloads(name, shim) ? shim : name))
    .join(":");
  if (found === wanted) return undefined;
  const [has, should] = [found, wanted].map((value) => withoutFirst(value, shim));
  return { certain: false, reason: `its drop-in preloads ${has} with the shim, and its unit now says ${should}` };
}

function isOurs({ path, text }: UnitFile): boolean {
  return fileName(path) === DROP_IN_NAME && isOurDropIn(text);
}

function valueIn(unit: string, files: readonly UnitFile[]): string | undefined {
  return findEntry(fromFiles(unit, files).environment, PRELOAD_VARIABLE)?.value;
}

function withoutFirst(value: string, shim: string): string {
  if (value === shim) return "nothing";
  return value.startsWith(`${shim}:`) ? value.slice(shim.length + 1) : value;
}
