// Programs that are known to look for a privileged port with bind() itself: no symbol of theirs tells it.
import { fileName } from "./names.ts";

interface KnownProgram {
  readonly programs?: readonly string[];
  /** For names that others have too. */
  readonly path?: RegExp;
  readonly soname?: RegExp;
  /** How it is known. */
  readonly source: string;
}

const KNOWN_PROGRAMS: readonly KnownProgram[] = [
  {
    programs: ["glusterd", "glusterfs", "glusterfsd"],
    source: "glusterfs, rpc/rpc-transport/socket: af_inet_bind_to_port_lt_ceiling",
  },
  { soname: /^libgfrpc\.so\.\d+$/, source: "glusterfs, rpc/rpc-transport/socket: af_inet_bind_to_port_lt_ceiling" },
  { soname: /^libnfs\.so\.\d+$/, source: "libnfs, lib/socket.c: a loop over the ports below 1024" },
  { path: /\/cups\/backend\/lpd$/, source: "cups, backend/lpd.c: reserve=rfc1179 and reserve=yes" },
  { programs: ["rsh-redone-rsh", "rsh-redone-rlogin"], source: "rsh-redone, rsh.c and rlogin.c: from 1023 down" },
  { programs: ["rlpr"], source: "rlpr: the source port of RFC 1179, 721 to 731" },
];

/** What it is known by: its file or a library's name; undefined for everything else. */
export function knownBy(path: string | undefined, sonames: readonly string[]): string | undefined {
  for (const { programs, path: place, soname } of KNOWN_PROGRAMS) {
    if (path !== undefined && (programs?.includes(fileName(path)) || place?.test(path))) return fileName(path);
    const library = soname && sonames.find((name) => soname.test(name));
    if (library !== undefined) return library;
  }
  return undefined;
}
