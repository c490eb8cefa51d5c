// Debian packages that replace a release's C library and libtirpc, kept in .cache: those of the next release, or where there is none the same again.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { skipFor } from "../../support/can.ts";
import { cached, makeOnce } from "../../support/roots/once.ts";
import { rootOf, type Suite } from "./releases.ts";

/** Where each release's packages come from. Debian 13's libtirpc has a name of its own. */
const UPGRADES: Readonly<Record<Suite, { readonly to: Suite; readonly packages: readonly string[] }>> = {
  bookworm: { to: "trixie", packages: ["libc6", "libtirpc3t64"] },
  trixie: { to: "trixie", packages: ["libc6", "libc-bin", "libtirpc3t64"] },
};

/** The folder in the guest. */
const SHOWN = "/root/debs";
/** All of them at once, as an upgrade does it; the files are taken away and put there anew also where the version is the same. */
export const UPGRADE = `DEBIAN_FRONTEND=noninteractive apt-get -q -y --reinstall --no-install-recommends -o Dpkg::Use-Pty=0 install ${SHOWN}/*.deb`;

/** Undefined where they can be had, else why not; an error where everything is required. Fetches them when they are not there yet (10 s). */
export async function noUpgrade(suite: Suite): Promise<string | undefined> {
  const { to, packages } = UPGRADES[suite];
  const command = [FETCH, path.join(rootOf(to), "etc/apt"), path.join(rootOf(suite), "var/lib/dpkg/status")];
  const failure = await makeOnce(folderOf(suite), [...command, ...packages]);
  return skipFor(failure === undefined ? undefined : `the packages of '${to}' could not be fetched: ${failure}`);
}

/** The files for a guest of this release. */
export function upgradeFiles(suite: Suite): Readonly<Record<string, Uint8Array>> {
  const folder = folderOf(suite);
  return Object.fromEntries(
    readdirSync(folder).map((name) => [path.join(SHOWN, name), readFileSync(path.join(folder, name))]),
  );
}

function folderOf(suite: Suite): string {
  const { to, packages } = UPGRADES[suite];
  return cached("debs", `${suite}-${to}`, [
    FETCH,
    path.basename(rootOf(suite)),
    path.basename(rootOf(to)),
    ...packages,
  ]);
}

// apt of this machine, with the sources and keys of the one root and the packages of the other as what is installed.
const FETCH = `etc=$0 status=$1
shift
apt="apt-get -q -y -o Dir::Etc=$etc -o Dir::State=$FRESH/state -o Dir::State::status=$status -o Dir::Cache=$FRESH/cache"
mkdir -p "$FRESH/state/lists/partial" "$FRESH/cache/archives/partial"
$apt update
$apt --reinstall --no-install-recommends --download-only install "$@"
mv "$FRESH"/cache/archives/*.deb "$FRESH"
rm -rf "$FRESH/state" "$FRESH/cache"`;
