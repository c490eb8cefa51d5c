// Debian roots of any release, from this machine's own package sources: real, minimal, and never written after they were made.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { skipReason } from "../can.ts";
import { cached, makeOnce, skipFor } from "./once.ts";

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
  const failure = await makeOnce(debianRoot(request), [BUILD, suite, mirrors().join(" "), ...OPTIONS, ...packages]);
  return skipFor(failure === undefined ? undefined : `mmdebstrap could not make a root of '${suite}': ${failure}`);
}

// A release that has left the mirrors is in the archive.
const BUILD = `suite=$0 mirrors=$1
shift
for mirror in $mirrors; do
  if mmdebstrap "$@" "$suite" "$FRESH" "$mirror"; then exit 0; fi
  rm -rf --one-file-system "$FRESH"
  mkdir "$FRESH"
done
exit 1`;

/** What this machine installs from, so that a mirror that it needs is used here too; then Debian's own places. */
function mirrors(): readonly string[] {
  const release = readFileSync("/etc/os-release", "utf8");
  const suite = /^VERSION_CODENAME="?([^"\n]*)/m.exec(release)?.[1] ?? "";
  const targets = spawnSync("apt-get", ["indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)"], {
    encoding: "utf8",
  }).stdout;
  const own = /^ID="?debian\b/m.test(release)
    ? targets.split("\n").find((line) => line.startsWith(`${suite} main `))
    : undefined;
  const uris = [own?.split(" ")[2], "http://deb.debian.org/debian/", "http://archive.debian.org/debian/"];
  return [...new Set(uris.filter((uri) => uri !== undefined))];
}
