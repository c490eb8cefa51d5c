// The rpm packages, and machines on which this machine's rpm manages what is installed: it works on their root from outside.
import { type PackageRequest, packageMade } from "./packages.ts";
import type { Arch } from "./prebuilt.ts";

/** Node's names, and rpm's. */
export const MACHINE: Readonly<Record<Arch, string>> = { x64: "x86_64", arm64: "aarch64" };

/** The file of a package that is made now, in a folder of its own. */
export const rpmMade = (request: PackageRequest): string => packageMade("rpm", request);

/** To be seen in a machine. */
export const RPM_FILES = { "/host/usr": "/usr" } as const;

/**
 * For sh(1) in such a machine: `rpm`, to which /host is the root of files, and whose database is empty at first. So what a
 * package requires is not there for it. Debian's warns of itself.
 */
export const WITH_RPM = `for folder in bin sbin lib lib64; do ln -s "usr/$folder" "/host/$folder"; done
mkdir /host/target
mount --rbind / /host/target
rpm() {
  chroot /host /usr/bin/rpm --root /target "$@" 2>/tmp/rpm-said
  status=$?
  grep -v '^rpm: ' /tmp/rpm-said >&2
  return "$status"
}
rpm --initdb
`;
