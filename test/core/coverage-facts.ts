// Facts of an imagined host on which everything is in order, to be spoilt by a test one by one.
import type { Reservation } from "../../src/core/config/types.ts";
import type { Unseen } from "../../src/core/seen.ts";
import type { ElfFacts, HostFacts, ObjectFacts, ProcessFacts, ProgramFacts } from "../../src/coverage/facts.ts";
import type { SocketFacts } from "../../src/coverage/socket-facts.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";

export const INSTALLED_AT = 1_000_000;
const NOW = 9_000_000;
export const REFUSED: Unseen = { unseen: "permission denied", rootWould: true };

export function elf(change: Partial<ElfFacts> = {}): ElfFacts {
  return {
    abi: "x86_64",
    isProgram: false,
    isStatic: false,
    interpreter: undefined,
    soname: undefined,
    needed: [],
    calls: [],
    defines: [],
    interposable: [],
    contains: undefined,
    isGo: false,
    marker: undefined,
    ...change,
  };
}

function programElf(change: Partial<ElfFacts> = {}): ElfFacts {
  return elf({ isProgram: true, interpreter: "/lib64/ld-linux-x86-64.so.2", needed: ["libc.so.6"], ...change });
}

export const MARKER = "portreserve 0.4.0 table 1";
export const LIBC = elf({ soname: "libc.so.6", defines: ["bindresvport", "rresvport", "rresvport_af", "rcmd"] });
const SHIM = elf({ marker: MARKER, defines: ["bindresvport", "bindresvport_sa", "rresvport", "rresvport_af"] });
const TIRPC = ["bindresvport", "bindresvport_sa"];

/** The objects that every test may name, by their keys. */
export const OBJECTS: Readonly<Record<string, ObjectFacts>> = {
  libc: { path: "/lib/libc.so.6", elf: LIBC },
  shim: { path: "/usr/lib/portreserve/libportreserve.so", elf: SHIM },
  oldShim: {
    path: "/usr/lib/portreserve/libportreserve.so (deleted)",
    elf: { ...SHIM, marker: "portreserve 0.3.0 table 1" },
  },
  sameShim: { path: "/home/package/libportreserve.so", elf: SHIM },
  shim2: {
    path: "/usr/lib/portreserve/libportreserve.so (deleted)",
    elf: { ...SHIM, marker: "portreserve 2.0.0 table 2" },
  },
  ypbind: { path: "/usr/sbin/ypbind", elf: programElf({ calls: ["bindresvport"] }) },
  usesTirpc: { path: "/usr/sbin/ypbind", elf: programElf({ needed: ["libtirpc.so.3", "libc.so.6"] }) },
  cupsd: { path: "/usr/sbin/cupsd", elf: programElf() },
  tirpc: { path: "/lib/libtirpc.so.3", elf: elf({ soname: "libtirpc.so.3", defines: TIRPC, interposable: TIRPC }) },
  boundTirpc: { path: "/opt/libtirpc.so.3", elf: elf({ soname: "libtirpc.so.3", defines: TIRPC }) },
  wrapper: { path: "/opt/libsocks.so", elf: elf({ soname: "libsocks.so", defines: ["bindresvport"] }) },
  socks: {
    path: "/opt/libsocks.so",
    elf: elf({ soname: "libsocks.so", defines: ["bindresvport"], mayCallOwn: true }),
  },
  static: {
    path: "/opt/static",
    elf: elf({ isProgram: true, isStatic: true, contains: ["bindresvport"] }),
  },
  stripped: {
    path: "/opt/stripped",
    elf: elf({ isProgram: true, isStatic: true, contains: { unseen: "it was stripped", rootWould: false } }),
  },
  go: {
    path: "/opt/go",
    elf: elf({
      isProgram: true,
      isStatic: true,
      isGo: true,
      contains: { unseen: "it was stripped", rootWould: false },
    }),
  },
  goNet: {
    path: "/opt/go-net",
    elf: elf({
      isProgram: true,
      isStatic: true,
      isGo: true,
      goBinds: true,
      contains: { unseen: "it was stripped", rootWould: false },
    }),
  },
  goDynamic: { path: "/opt/go-dynamic", elf: programElf({ isGo: true, goBinds: true }) },
  musl: { path: "/opt/musl", elf: programElf({ interpreter: "/lib/ld-musl-x86_64.so.1", calls: ["bindresvport"] }) },
  i386: { path: "/opt/i386", elf: programElf({ abi: "i386", calls: ["bindresvport"] }) },
  rsh: { path: "/usr/bin/rsh", elf: programElf({ calls: ["rcmd_af@GLIBC_2.2.5"] }) },
  oldRpc: { path: "/opt/old", elf: programElf({ calls: ["clnttcp_create@GLIBC_2.2.5"] }) },
  ownOne: { path: "/opt/own", elf: programElf({ defines: ["bindresvport"], calls: ["rresvport"] }) },
  libnfs: { path: "/usr/lib/libnfs.so.13", elf: elf({ soname: "libnfs.so.13" }) },
  hole: { path: "/opt/secret.so", elf: REFUSED },
  font: { path: "/usr/share/font", elf: undefined },
};

/** ypbind.service, started with the shim after the install. */
export function process(change: Partial<ProcessFacts> = {}): ProcessFacts {
  return {
    pid: 640,
    name: "ypbind",
    program: "/usr/sbin/ypbind",
    startedAt: INSTALLED_AT + 1000,
    uid: 0,
    mayBind: true,
    secure: false,
    domain: undefined,
    unit: "ypbind.service",
    network: "same",
    mounts: "same",
    root: "same",
    table: "same",
    mappedTable: { current: true, retired: false },
    preload: false,
    objects: ["ypbind", "libc", "shim"],
    executable: "ypbind",
    bindings: [],
    ...change,
  };
}

/** The same without the shim. */
export function bare(change: Partial<ProcessFacts> = {}): ProcessFacts {
  return process({ objects: ["ypbind", "libc"], mappedTable: undefined, ...change });
}

/** A process of this program, with the shim, unless `objects` says otherwise. */
export function running(program: string, change: Partial<ProcessFacts> = {}): ProcessFacts {
  const path = OBJECTS[program]?.path ?? program;
  return process({ program: path, objects: [program, "libc", "shim"], executable: program, ...change });
}

export const cupsd = process({
  pid: 1201,
  name: "cupsd",
  program: "/usr/sbin/cupsd",
  unit: "cups.service",
  objects: ["cupsd", "libc", "shim"],
  executable: "cupsd",
  mappedTable: undefined,
});

export function unit(id: string, change: Partial<UnitFacts> = {}): UnitFacts {
  return {
    id,
    names: [id],
    loadState: "loaded",
    activeState: "active",
    mainPid: undefined,
    programs: [],
    hasDropIn: false,
    dropInSince: undefined,
    listens: [],
    ...change,
  };
}

/** A host whose list only root may read. */
export const CLOSED_LIST: Change = {
  setup: {
    list: { namesShim: true, since: INSTALLED_AT, closedBy: { path: "/etc/ld.so.preload", isFolder: false } },
  },
};

/** A host whose list has another entry, before the shim or behind it. */
export function listed(name: string, beforeShim: boolean): Change {
  const { path, elf: found } = OBJECTS[name] as ObjectFacts;
  const files = [{ abi: "x86_64", key: name, elf: found ?? ("no library" as const) }];
  return { setup: { list: { namesShim: true, since: INSTALLED_AT, others: [{ name: path, beforeShim, files }] } } };
}

export function reservation(port: number, protocol: "tcp" | "udp", owner: string): Reservation {
  return { port, protocol, owner, file: `/etc/portreserve/${owner}`, line: 1, kind: "reserve" };
}

export function socket(change: Partial<SocketFacts> = {}): SocketFacts {
  return {
    protocol: "tcp",
    family: "inet",
    address: "0.0.0.0",
    port: 631,
    state: "listening",
    inode: 77,
    holders: [1201],
    ...change,
  };
}

export function program(change: Partial<ProgramFacts> = {}): ProgramFacts {
  const objects = [OBJECTS.ypbind, OBJECTS.libc].filter((object) => object !== undefined);
  return { path: "/usr/sbin/ypbind", unit: "ypbind.service", privileged: false, objects, ...change };
}

export type Change = Partial<Omit<HostFacts, "setup" | "kernel">> & {
  readonly setup?: Partial<HostFacts["setup"]>;
  readonly kernel?: Partial<HostFacts["kernel"]>;
};

/** Protects 631 for cups by the preload list, and all is well. */
export function facts({ setup, kernel, ...change }: Change = {}): HostFacts {
  return {
    time: NOW,
    asRoot: true,
    reservations: [reservation(631, "tcp", "cups"), reservation(631, "udp", "cups")],
    processes: [process(), cupsd],
    hidden: undefined,
    objects: OBJECTS,
    sockets: [socket()],
    units: [unit("cups.service", { programs: ["/usr/sbin/cupsd"] }), unit("ypbind.service")],
    programs: [],
    ...change,
    setup: {
      table: { state: "fresh", generation: "4", tcp: [631], udp: [631], retired: false, readableByAll: true },
      list: { namesShim: true, since: INSTALLED_AT },
      libraries: [
        {
          abi: "x86_64",
          path: "/usr/lib/portreserve/libportreserve.so",
          state: "current",
          key: "shim",
          marker: MARKER,
        },
      ],
      watchers: [{ unit: "portreserve.path", activeState: "active" }],
      manager: { installed: "0.4.0", own: "0.4.0" },
      ...setup,
    },
    kernel: {
      release: "6.1.0",
      sunrpc: undefined,
      nfs: [],
      unprivilegedPortStart: 1024,
      hasIpmi: false,
      seesEveryProcess: true,
      securityModules: [],
      ...kernel,
    },
  };
}
