// What tests of an archive's script on a host begin with, for sh(1): unpack FILE, setup VERB, and look, the places that it may change.
import { skipReason } from "../../support/can.ts";
import { abis, libraries } from "../../support/host.ts";

/** Whether this host has 32-bit programs, and can make them. */
export const runs32 = abis.some(({ name }) => name === "i386") && skipReason("32-bit programs") === undefined;
/** Where the shims are put on this host; the first is of 64-bit programs. */
export const shims = libraries.filter((file) => file.endsWith("/libportreserve.so"));

/** Where an unpacked archive has its files. */
export const FILES = "/run/archive/portreserve/files";

export const UNPACK = `
mkdir -m 755 /run/archive
unpack() { rm -rf /run/archive/portreserve && tar -xzf "$1" -C /run/archive; }
setup() { sh /run/archive/portreserve/setup "$@"; }
# As tree, and quicker.
look() {
  set -- /etc "$SCRATCH/.layers/2/upper"
  find "$@" -type d -printf '%p folder %m %U:%G \\n' -o -printf '%p %y %m %U:%G %l\\n' | sort
  find "$@" -type f -exec sha256sum {} + | sort -k 2
}
`;
