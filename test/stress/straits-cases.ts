// Surroundings of a program, and what its calls give there with the shim and with glibc.
import { native } from "../../src/core/native.ts";
import { tableOf } from "../support/sandbox.ts";

export interface Straits {
  readonly does: string;
  readonly steps: readonly string[];
  readonly etc?: Readonly<Record<string, string | Uint8Array>>;
  /** Run before the steps, as sh(1). */
  readonly before?: string;
  /** The command that starts the program, if it is not started plainly. */
  readonly through?: string;
  readonly shim: string;
  readonly glibc: string;
}

const onlyTcp = native().encodeTable({ generation: 1n, digest: new Uint8Array(32), tcp: [631], udp: [] });
const threeInARow = tableOf(631, 632, 633);
/** The sources of straits.c beside those that all programs of this folder have. */
export const STRAITS_PARTS = ["test/preload/surroundings.c", "test/stress/filter.c"] as const;

/** Calls with the table in force, with it retired, and with the next, which reserves 637. */
export const EACH_TABLE = ["call", "retire", "call", "newtable", "call", "call", "call"] as const;
const everyOther = tableOf(631, 633, 635);

/** The table reserves 631 and 633, the first port that is asked for is 631. Documented in portreserve.table(5), Readers. */
export const straits: readonly Straits[] = [
  {
    does: "no descriptor is free for the first call: it reserves nothing; the next with one goes by the table",
    steps: ["nofiles", "call", "down", "files", "call", "call"],
    shim: "631 | EMFILE alport=631 | 632 | 634",
    glibc: "631 | EMFILE alport=631 | 632 | 633",
  },
  {
    does: "no descriptor is free once the table is retired: its reservations hold",
    steps: ["call", "nofiles", "retire", "call", "files", "call"],
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "the address space may not grow when a new table comes: it is obeyed",
    steps: ["call", "noroom", "newtable", "call", "call"],
    etc: { "next.table": tableOf(634) },
    shim: "632 | 633 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a filter refuses openat() before the first call: nothing is reserved",
    steps: ["refuse:openat", "call", "call", "call"],
    shim: "631 | 632 | 633",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a filter refuses openat() after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "refuse:openat", "call", "retire", "call", "call"],
    etc: { "portreserve.table": everyOther },
    shim: "632 | 634 | 636 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "a filter says that there is no openat(), after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "nosys:openat", "call", "retire", "call", "call"],
    etc: { "portreserve.table": everyOther },
    shim: "632 | 634 | 636 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "a filter hands openat() to the program's own handler of SIGSYS, which refuses: nothing is reserved, and it lives",
    steps: ["trap:openat", "call", "call"],
    shim: "631 | 632",
    glibc: "631 | 632",
  },
  {
    does: "the same after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "trap:openat", "retire", "call", "trapped"],
    shim: "632 | 634 | 1 trapped",
    glibc: "631 | 632 | 0 trapped",
  },
  {
    does: "a filter refuses to hold signals back: the table is obeyed",
    steps: ["refuse:rt_sigprocmask", "call", "call"],
    shim: "632 | 634",
    glibc: "631 | 632",
  },
  {
    does: "a filter refuses read() before the first call: nothing is reserved",
    steps: ["refuse:read", "call", "call", "call"],
    shim: "631 | 632 | 633",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a filter refuses read() after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "refuse:read", "call", "retire", "call", "call"],
    etc: { "portreserve.table": everyOther },
    shim: "632 | 634 | 636 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "a filter refuses mmap(): each call reads the table",
    steps: ["refuse:mmap", "call", "call"],
    shim: "632 | 634",
    glibc: "631 | 632",
  },
  {
    does: "a filter refuses futex(): the file is read where it would be asked",
    steps: ["refuse:futex", "call", "call"],
    shim: "632 | 634",
    glibc: "631 | 632",
  },
  {
    does: "a filter refuses getsockopt(): a port reserved for the other protocol counts as reserved",
    steps: ["refuse:getsockopt", "call", "call"],
    etc: { "portreserve.table": onlyTcp },
    shim: "632 | 633",
    glibc: "631 | 632",
  },
  {
    does: "a strict filter kills on openat() before the first call: so does the first call",
    steps: ["kill:openat", "call"],
    shim: "exit 159",
    glibc: "631",
  },
  {
    does: "a strict filter kills on openat() after the first call: the program lives and is covered",
    steps: ["call", "kill:openat", "call", "call"],
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a strict filter kills on openat(), and the table is retired: the next call ends the program",
    steps: ["call", "kill:openat", "call", "retire", "call"],
    shim: "632 | 634 | exit 159",
    glibc: "631 | 632 | 633",
  },
  {
    does: "the root changes after the first call: the table holds until it is retired, and then the new root's, which has none",
    steps: ["call", "root:/mnt", "call", "retire", "call"],
    etc: { "portreserve.table": everyOther },
    before: "mount -t tmpfs none /mnt",
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "the root changes after the first call: the table holds until it is retired, and then the new root's own",
    steps: ["call", "root:/mnt", "call", "retire", "call", "call"],
    etc: { "inside.table": tableOf(636) },
    before: "mount -t tmpfs none /mnt; mkdir /mnt/etc; cp /etc/inside.table /mnt/etc/portreserve.table",
    shim: "632 | 634 | 635 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "20,000 descriptors are closed blindly: none was the shim's, and later tables are obeyed",
    steps: ["call", "open:20000", "call", "close", "call", "newtable", "call", "call", "count"],
    etc: { "next.table": tableOf(637) },
    shim: "632 | 634 | 635 | 636 | 638 | 3 open",
    glibc: "631 | 632 | 633 | 634 | 635 | 3 open",
  },
  {
    does: "2,000 children of vfork() allocate in their parent's memory while its threads do",
    steps: ["vfork:2000"],
    etc: { "portreserve.table": threeInARow },
    shim: "0 died, 0 failed, none was reserved",
    glibc: "0 died, 0 failed, some were reserved",
  },
  {
    does: "the program may not read the table: nothing is reserved",
    steps: ["call"],
    before: "chmod 0 /etc/portreserve.table",
    through: "setpriv --bounding-set=-dac_override,-dac_read_search",
    shim: "631",
    glibc: "631",
  },
  {
    does: "the program may not read the new table: the reservations hold",
    steps: ["call", "newtable", "call", "call"],
    etc: { "next.table": tableOf(634) },
    before: "chmod 0 /etc/next.table",
    through: "setpriv --bounding-set=-dac_override,-dac_read_search",
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
  ...["udplite", "mptcp"].map((protocol) => ({
    does: `the socket is of ${protocol}: each table is obeyed`,
    steps: [`kind:${protocol}`, ...EACH_TABLE],
    etc: { "next.table": tableOf(637) },
    shim: "632 | 634 | 635 | 636 | 638",
    glibc: "631 | 632 | 633 | 634 | 635",
  })),
];
