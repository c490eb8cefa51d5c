// What was seen on a host, as plain data: recorded facts of real hosts are what the verdicts are tested with.
import type { Reservation } from "../core/config/types.ts";
import type { Seen, Unseen } from "../core/seen.ts";
import type { HolderFacts } from "./hold-facts.ts";
import type { KernelFacts } from "./kernel-facts.ts";
import type { SocketFacts } from "./socket-facts.ts";
import type { UnitFacts } from "./unit-facts.ts";

/** All of it is about the mount and network namespace in which the manager runs: that is "the host". */
export interface HostFacts {
  /** When it was looked at, in milliseconds since 1970. */
  readonly time: number;
  readonly asRoot: boolean;
  readonly setup: SetupFacts;
  /** What the configuration asks for now; undefined where it cannot be read. */
  readonly reservations: readonly Reservation[] | undefined;
  /** Without kernel threads and the manager itself. */
  readonly processes: readonly ProcessFacts[];
  /** Why there may be more processes than these. */
  readonly hidden: Unseen | undefined;
  /** Every file that some process has mapped, by the key that ProcessFacts has of it. */
  readonly objects: Readonly<Record<string, ObjectFacts>>;
  /** Those with a local port below 1024. */
  readonly sockets: readonly SocketFacts[];
  /** Why there may be more sockets than these: then a port without one may be held. */
  readonly socketsUnseen?: Unseen;
  /** Where no systemd runs, what the unit files on the host say. */
  readonly units: Seen<readonly UnitFacts[]>;
  /** Programs that do not run now and can allocate when somebody or something starts them. */
  readonly programs: readonly ProgramFacts[];
  readonly kernel: KernelFacts;
  /** Absent: it was not looked for, and nothing is held. */
  readonly holder?: HolderFacts;
  /** The mechanisms beside the shim that are applied here. Absent where none is. */
  readonly mechanisms?: readonly MechanismFacts[];
  /** Daemons to whom the mechanism 'fixed' has given ports, which are all in one file of reservations. */
  readonly fixedOwners?: readonly { readonly port: number; readonly owner: string }[];
}

export interface MechanismFacts {
  /** "nfs-range", "noresvport", "ephemeral", "fixed"… */
  readonly name: string;
  readonly inForce: boolean;
  /** Why it is not: "out of date: the running kernel has 665–1023". */
  readonly why?: string;
}

/** What install and compile have put on the host. */
export interface SetupFacts {
  readonly table: TableFacts;
  /** The preload list. `since`: when it was last changed, in milliseconds since 1970. */
  readonly list: Seen<{
    readonly namesShim: boolean;
    readonly since: number | undefined;
    /** What keeps it from some users, if anything does. */
    readonly closedBy?: ClosedPlace;
    /** In the loader's order; absent where there are none. */
    readonly others?: readonly ListEntryFacts[];
  }>;
  /** One for each ABI that the host has a loader of. */
  readonly libraries: readonly LibraryFacts[];
  /** The same of the shim's twin that gives high ports; absent where nobody has looked. */
  readonly highLibraries?: readonly LibraryFacts[];
  /** The units that keep the table fresh: none installed, or the state of each. */
  readonly watchers: Seen<readonly { readonly unit: string; readonly activeState: string }[]>;
  /** Why they cannot: no systemd runs, or install could put none there. Absent where they can. */
  readonly unwatched?: string;
  /** Versions of the manager that is installed for root's units, if any, and of the one that is asking. */
  readonly manager: { readonly installed: Seen<string | undefined>; readonly own: string };
}

export interface TableFacts {
  /** `fresh`, `stale`: against the configuration. `valid`: a good table, but the configuration cannot be read. */
  readonly state: "fresh" | "stale" | "valid" | "missing" | "damaged" | "unreadable" | "foreign";
  /** Completes "the table …", for the last three. */
  readonly reason?: string;
  /** Where there is a good table: 1 and up, as a decimal text, since it has 64 bits. */
  readonly generation?: string;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  /** Its last change, in milliseconds since 1970. */
  readonly since?: number;
  /** A compile was cut short between its two steps; the table is in force. */
  readonly retired: boolean;
  /** Mode and ownership let every program read it and only root write it. */
  readonly readableByAll: boolean;
  /** Where the host has SELinux: the table's label, and that of the loader's cache, which it should have. */
  readonly label?: { readonly found: string; readonly wanted: string };
}

/** A file that not everybody may read, or a folder that not everybody may pass through. */
export interface ClosedPlace {
  readonly path: string;
  readonly isFolder: boolean;
}

/** An entry of the preload list beside the shim's. */
export interface ListEntryFacts {
  /** As it is written; it may hold anything but blanks, ':' and NUL. */
  readonly name: string;
  /** The loader looks into it before it looks into the shim. */
  readonly beforeShim: boolean;
  /** What the loader of each ABI finds under that name; `missing` and `other ABI` load nothing. */
  readonly files: readonly {
    readonly abi: string;
    readonly key?: string;
    readonly elf: Seen<ElfFacts | "missing" | "other ABI" | "no library">;
    readonly closedBy?: ClosedPlace;
  }[];
}

export interface LibraryFacts {
  /** "x86_64", "i386"… */
  readonly abi: string;
  readonly path: string;
  /** `current`: the same bytes as the manager's own. `no package`: this manager has none for this ABI. */
  readonly state: Seen<"current" | "differs" | "missing" | "no package">;
  /** The key under which a process that has it mapped names it: see ProcessFacts. */
  readonly key: string | undefined;
  /** What keeps it from some users, if anything does. */
  readonly closedBy?: ClosedPlace;
  /** What its marker says: "portreserve 0.4.0 table 1". */
  readonly marker: string | undefined;
  /** It is the shim's twin, which gives high ports. */
  readonly isHigh?: true;
}

/**
 * One process. Texts that a process chooses itself (name, paths) may hold anything; a byte that is not UTF-8 is a lone
 * surrogate U+DC80 to U+DCFF.
 */
export interface ProcessFacts {
  readonly pid: number;
  /** What the process calls itself: comm. Anything at all; never evidence. */
  readonly name: string;
  /** The path of its program in its own root. */
  readonly program: Seen<string>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The effective one. */
  readonly uid: Seen<number>;
  /** It has CAP_NET_BIND_SERVICE, or could take it back without another exec. */
  readonly mayBind: Seen<boolean>;
  /** The kernel judges its system calls by a seccomp filter, or in strict mode; absent where it does not, or `uid` is unseen. */
  readonly seccomp?: "strict" | "filter";
  /** It gave up new privileges, as whoever enters a Landlock domain without CAP_SYS_ADMIN has to; nothing tells of the domain. */
  readonly noNewPrivs?: true;
  /** The loader took it for privileged (AT_SECURE), and ignored LD_PRELOAD. */
  readonly secure: Seen<boolean>;
  /** The AppArmor or SELinux domain, where it is confined by one. */
  readonly domain: string | undefined;
  /** What AppArmor keeps from it; undefined where no profile confines it. */
  readonly denied?: Seen<Denied>;
  /** "ypbind.service", "session-3.scope", "user@1000.service"; of the host's systemd, by its cgroup. */
  readonly unit: string | undefined;
  readonly network: Seen<"same" | "other">;
  readonly mounts: Seen<"same" | "other">;
  readonly root: Seen<"same" | "other">;
  /** What this process finds at the table's path: the host's table, another that reserves the same, another file, or nothing. */
  readonly table: Seen<"same" | "alike" | "other" | "none">;
  /**
   * The table that it has mapped: the one in force, or another, which it looks away from if it is marked retired. `alike`:
   * that other one reserves the same. `unread`: the shim in it keeps other reservations than that table's, since criu has
   * brought the process back after a change, or somebody has written into the table.
   */
  readonly mappedTable:
    | Seen<{ readonly current: boolean; readonly retired: boolean; readonly alike?: true; readonly unread?: true }>
    | undefined;
  /** LD_PRELOAD named the shim when the program was started. */
  readonly preload: Seen<boolean>;
  /** Keys of `HostFacts.objects`: each file that is mapped to run code from, once, the program itself among them. */
  readonly objects: Seen<readonly string[]>;
  /** The one of `objects` that is the program. */
  readonly executable: string | undefined;
  /** Where the calls lead of each allocating object that was not loaded at the start; see `Binding`. */
  readonly bindings: Seen<readonly Binding[]>;
  /**
   * Those of `objects` that define an allocator, the shim and libc among them, the program not, in the order in which the
   * loader looks for a function, as its own list in memory says. Absent where libc and the shim alone define some.
   */
  readonly lookup?: Seen<readonly string[]>;
}

/** Which of the files that a covered program opens a profile keeps from it. */
export interface Denied {
  /** Its name, or those of a stack of profiles. */
  readonly profile: string;
  /** The preload list. */
  readonly list: boolean;
  /** Paths of the shims that it may not load. */
  readonly libraries: readonly string[];
  readonly table: boolean;
}

/**
 * Where an object's call of an allocator leads in a process now, as its memory says. `shim`: to the shim. `other`: to
 * anything else. `not yet`: nobody has called it, so the loader has not decided.
 */
export interface Binding {
  readonly object: string;
  readonly symbol: string;
  readonly leadsTo: Seen<"shim" | "other" | "not yet">;
}

/** A mapped file, or one that a program would map. */
export interface ObjectFacts {
  /** As the process that was seen with it names it. */
  readonly path: string;
  /** Undefined for a file that is no ELF file (fonts, locales…). All that follows is then empty. */
  readonly elf: Seen<ElfFacts> | undefined;
}

export interface ElfFacts {
  /** "x86_64", "i386", "aarch64"… */
  readonly abi: string;
  readonly isProgram: boolean;
  /** No loader runs, so nothing can be preloaded. */
  readonly isStatic: boolean;
  readonly interpreter: string | undefined;
  readonly soname: string | undefined;
  readonly needed: readonly string[];
  /** The allocators (see allocators.ts) that it calls and another file defines, as "NAME" or "NAME@VERSION". */
  readonly calls: readonly string[];
  /** The allocators that it defines for others. */
  readonly defines: readonly string[];
  /** Those of `defines` that it calls itself in a way that a preloaded library can take over (through a slot). */
  readonly interposable: readonly string[];
  /** Of static programs: the allocators in their table of all symbols; unseen where that was stripped. */
  readonly contains: Seen<readonly string[]> | undefined;
  /** Made by the Go compiler, whose programs do not use libc's allocators unless `contains` says so. */
  readonly isGo: boolean;
  /** Of those: they have Go's own bind(), as all that import net have, or that cannot be told. */
  readonly goBinds?: true;
  /** Beside allocators that it binds to its own it defines other functions, which may call them. */
  readonly mayCallOwn?: true;
  /** Of the shim: the text of its marker. */
  readonly marker: string | undefined;
}

export interface ProgramFacts {
  readonly path: string;
  /** The unit that starts it; undefined for a privileged program. */
  readonly unit: string | undefined;
  /** It may take privileged ports, whichever user starts it (setuid to root, file capabilities), and heeds no LD_PRELOAD. */
  readonly privileged: boolean;
  /** What AppArmor would keep from it; undefined where no profile would confine it. */
  readonly denied?: Seen<Denied>;
  /** The program, then every library that it would be started with. Unseen: some part of it. */
  readonly objects: readonly ObjectFacts[];
}
