// Debian roots of any release, from this machine's own package sources: real, minimal, and never written after they were made.
import { skipFor, skipReason } from "../can.ts";
import { ownMirror } from "./mirror.ts";
import { cached, makeOnce } from "./once.ts";

export interface RootRequest {
  /** The release's code name. */
  readonly suite: string;
  /** Packages beside those that Debian requires; for tests that need none of them the same root serves. */
  readonly include?: readonly string[];
}

const OPTIONS: readonly string[] = [
  ...["--variant=minbase", "--mode=root", "--dpkgopt=force-unsafe-io"],
  ...["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
];

/** The root's folder, once noDebianRoot() has said nothing against it. Not to be written: mount a layer over it. */
export function debianRoot({ suite, include = [] }: RootRequest): string {
  return cached("roots", suite, [suite, ...OPTIONS, ...[...include].sort()]);
}

/** Undefined where such a root can be had, else why not; an error where everything is required. Makes it when it is not there yet (20 s). */
export async function noDebianRoot(request: RootRequest): Promise<string | undefined> {
  const lacking = skipReason(
    "root",
    { program: "mmdebstrap", package: "mmdebstrap" },
    { program: "flock", package: "util-linux" },
  );
  if (lacking !== undefined) return lacking;
  const { suite, include = [] } = request;
  const packages = include.length === 0 ? [] : [`--include=${include.join(",")}`];
  const failure = await makeOnce(debianRoot(request), [BUILD, suite, ownMirror() ?? "", ...OPTIONS, ...packages]);
  return skipFor(failure === undefined ? undefined : `mmdebstrap could not make a root of '${suite}': ${failure}`);
}

// Without a mirror mmdebstrap takes Debian's own places.
const BUILD = `suite=$0 mirror=$1
shift
exec mmdebstrap "$@" "$suite" "$FRESH" $mirror`;
