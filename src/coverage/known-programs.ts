// Programs that are known to look for a privileged port with bind() itself: no symbol of theirs tells it.
import { shownFileName } from "./names.ts";

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
  { soname: /^libnfs\.so\.\d+$/, source: "libnfs: tries privileged ports one by one before it connects" },
  {
    path: /\/cups\/backend\/lpd$/,
    source: "CUPS' backend lpd: its option 'reserve' asks for a privileged source port",
  },
  { programs: ["rsh-redone-rsh", "rsh-redone-rlogin"], source: "rsh-redone: tries the ports from 1023 down" },
  {
    programs: ["ambind"],
    source:
      "amanda since 3.4, common-src/ambind.c: setuid, binds the sockets of amanda's programs to the ports of their range",
  },
  { path: /\/klibc\/bin\/nfsmount$/, source: "klibc, usr/kinit/nfsmount/bindresvport.c: a loop of its own" },
  { programs: ["rlpr"], source: "rlpr: a source port from 721 to 731, as RFC 1179 wants it" },
];

/** What it is known by: its file or a library's name; undefined for everything else. */
export function knownBy(path: string | undefined, sonames: readonly string[]): string | undefined {
  const name = path === undefined ? undefined : shownFileName(path);
  const isKnown = name !== undefined && (NAMES.has(name) || PLACES.some((place) => place.test(path as string)));
  if (sonames.length === 0) return isKnown ? name : undefined;
  for (const { programs, path: place, soname } of KNOWN_PROGRAMS) {
    if (isKnown && (programs?.includes(name) || place?.test(path as string))) return name;
    const library = soname && sonames.find((one) => soname.test(one));
    if (library !== undefined) return library;
  }
  return undefined;
}

/** Most processes are asked for by their path alone. */
const NAMES: ReadonlySet<string> = new Set(KNOWN_PROGRAMS.flatMap(({ programs }) => programs ?? []));
const PLACES = KNOWN_PROGRAMS.flatMap(({ path }) => path ?? []);

/** Static and stripped, so that nothing in them tells; by their path and their source. */
const KNOWN_HARMLESS: readonly { readonly path: RegExp; readonly source: string }[] = [
  { path: /^(\/usr)?\/sbin\/ldconfig(\.real)?$/, source: "glibc, elf/ldconfig.c: it opens no socket" },
  {
    path: /^\/usr\/lib\/portreserve\/portreserve-hold( \(deleted\))?$/,
    source: "native/hold: it binds the ports of its file and no others",
  },
];

/** Whether it is known to allocate nothing. Only for a program that says nothing itself. */
export function isKnownHarmless(path: string | undefined): boolean {
  return path !== undefined && KNOWN_HARMLESS.some(({ path: place }) => place.test(path));
}
