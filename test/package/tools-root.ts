// A Debian root with the tools that look at a host's files, or make images of them, and a package of ours to install there.
import path from "node:path";
import { FULL } from "../support/full.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { inRoot } from "../support/roots/enter.ts";
import { noSandbox } from "../support/sandbox.ts";
import { type Steps, stepsOf } from "../support/steps.ts";
import { debMade } from "./debs.ts";
import { type Arch, notPrebuilt } from "./prebuilt.ts";

const TOOLS = {
  suite: "bookworm",
  include: [
    ...["nodejs", "procps", "net-tools", "rkhunter", "chkrootkit", "aide", "aide-common", "debsums"],
    ...["initramfs-tools", "busybox", "dracut-core"],
  ],
} as const;
const arch: Arch = process.arch === "arm64" ? "arm64" : "x64";

/** Undefined where such a root can be had. Debian unpacks a hundred packages for it. */
export async function noToolsRoot(): Promise<string | undefined> {
  const unready = notPrebuilt(arch) ?? (await noSandbox());
  if (unready !== undefined) return unready;
  return FULL ? noDebianRoot(TOOLS) : "its root takes two minutes to make: set PORTRESERVE_FULL=1";
}

const UNPACK = `set -u
dpkg --install /portreservectl.deb >/tmp/unpacked 2>&1 || cat /tmp/unpacked >&2
mkdir -p /etc/portreserve
echo 631 >/etc/portreserve/cups
`;

/** What each step of a script gave, where the Debian package is unpacked and port 631 reserved. Throws when the script failed. */
export async function withTools(script: string): Promise<Steps> {
  const files = { "/portreservectl.deb": path.resolve(debMade({ arch })) };
  const { status, stdout, stderr } = await inRoot(`${UNPACK}${script}`, {
    layers: [debianRoot(TOOLS)],
    files,
    timeout: 600_000,
  });
  if (status !== 0 || stderr !== "") throw new Error(`status ${status}: ${stderr}`);
  return stepsOf(stdout);
}
