// The portreserve daemon of old as Debian 11 has it, the last release with one: fetched once, by its hash, and kept in .cache.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { skipFor, skipReason } from "../support/can.ts";
import { ownMirror } from "../support/roots/mirror.ts";
import { cached, makeOnce } from "../support/roots/once.ts";

const FILE = "pool/main/p/portreserve/portreserve_0.0.4-1+b2_amd64.deb";
const SHA256 = "3326dc61983b973f14c801da84a2111e156a69378848c47df305ff9fd3fd8acd";

/** In the guest. */
export const OLD_DEB = "/root/portreserve.deb";

/** Undefined where it can be had, and run; an error where everything is required. Fetches it when it is not there yet. */
export async function noOldDaemon(): Promise<string | undefined> {
  const helper = { program: HELPER, package: "apt" } as const;
  const lacking = process.arch === "x64" ? skipReason(helper, { program: "dpkg", package: "dpkg" }) : "it is for amd64";
  if (lacking !== undefined) return lacking;
  const mirror = ownMirror();
  if (mirror === undefined) return skipFor("this machine has no mirror of Debian to fetch the old daemon from");
  const failure = await makeOnce(folder(), [FETCH, mirror, FILE, SHA256]);
  return skipFor(failure === undefined ? undefined : `the old daemon could not be fetched: ${failure}`);
}

/** For a guest. */
export function oldDaemonFile(): Readonly<Record<string, Uint8Array>> {
  const [name] = readdirSync(folder());
  if (name === undefined) throw new Error(`'${folder()}' is empty`);
  return { [OLD_DEB]: readFileSync(path.join(folder(), name)) };
}

function folder(): string {
  return cached("debs", "portreserve-0.0.4", [FETCH, FILE, SHA256]);
}

const HELPER = "/usr/lib/apt/apt-helper";
// apt-helper refuses what has another hash.
const FETCH = `mirror=$0 file=$1 sha256=$2
${HELPER} download-file "\${mirror%/}/$file" "$FRESH/portreserve.deb" "SHA256:$sha256"`;
