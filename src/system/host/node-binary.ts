// Finds a node that root's units may run: one that nobody but root can change.
import { statSync } from "node:fs";
import { errnoOf } from "../app-error.ts";
import { othersMayWrite } from "../files/others-may-write.ts";
import { resolveUnder } from "../files/rooted.ts";
import { NODE_PLACES } from "../paths.ts";
import { runProgram } from "../start-program.ts";

/** `node`: its path on that host. `reason`: why there is none, as a sentence. */
export type NodeBinary = { readonly node: string } | { readonly reason: string };

/** The oldest version that package.json's `engines` allows. */
const OLDEST = [18, 19] as const;
export const OLDEST_NODE = OLDEST.join(".");

/** On the host itself it is asked for its version; in an image it is only looked at. */
export function nodeForRoot(root: string): NodeBinary {
  const places = root === "/" ? [...new Set([...NODE_PLACES, process.execPath])] : NODE_PLACES;
  const reasons: string[] = [];
  for (const place of places) {
    const reason = whyNot(root, place);
    if (reason === undefined) return { node: place };
    if (reason !== "") reasons.push(`'${place}' ${reason}`);
  }
  return { reason: reasons.length > 0 ? reasons.join(", ") : `there is none at ${places.join(", ")}` };
}

/** Empty for a place where nothing is. */
function whyNot(root: string, place: string): string | undefined {
  let real: string;
  try {
    real = resolveUnder(root, place).toString();
    if (!statSync(real).isFile()) return "";
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return "";
  }
  if (root !== "/") return undefined;
  const writable = othersMayWrite(place);
  if (writable !== undefined) return `is not root's alone (see 'ls -ld ${writable}')`;
  const version = versionOf(place);
  if (version === undefined) return "does not run";
  const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
  const recent = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  return recent ? undefined : `is ${version}, and ${OLDEST_NODE} is needed`;
}

function versionOf(node: string): string | undefined {
  const done = runProgram([node, "--version"], { timeout: 10_000 });
  return done.outcome === "ended" ? /^v[\d.]+/.exec(done.stdout)?.[0] : undefined;
}
