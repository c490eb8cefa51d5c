// The answers about the protection itself, and the hints.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { SetupFacts } from "../../src/coverage/facts.ts";
import {
  type Change,
  CLOSED_LIST,
  cupsd,
  elf,
  facts,
  listed,
  process,
  REFUSED,
  reservation,
  socket,
  unit,
} from "./coverage-facts.ts";

const TABLE = facts().setup.table;

function answers(change: Change): string[] {
  return assess(facts(change)).answers.map(
    ({ id, state, answer, hint }) => `${id} ${state}: ${answer}${hint === undefined ? "" : ` → ${hint}`}`,
  );
}

function hints(change: Change): string[] {
  return assess(facts(change)).hints.map(
    ({ id, message, hint }) => `${id}: ${message}${hint === undefined ? "" : ` → ${hint}`}`,
  );
}

test("answers every question of a host in order", () => {
  expect(answers({})).toEqual([
    "table good: generation 4",
    "fresh good: fresh",
    "readable good: yes",
    "preload good: into every program, by the preload list",
    "library-x86_64 good: yes",
    "watchers good: by portreserve.path",
    "manager good: 0.4.0",
  ]);
});

const table = (change: Partial<SetupFacts["table"]>): Partial<SetupFacts> => ({ table: { ...TABLE, ...change } });
const library = (state: SetupFacts["libraries"][number]["state"]): Partial<SetupFacts> => ({
  libraries: [{ abi: "i386", path: "/usr/lib/x", state, key: undefined, marker: undefined }],
});
const NOT_LISTED: Partial<SetupFacts> = { list: { namesShim: false, since: undefined } };

test.each<[string, Partial<SetupFacts>, string, "covered" | "not covered" | "unknown"]>([
  ["no table", table({ state: "missing" }), "table bad: there is none → portreservectl compile", "not covered"],
  [
    "a damaged table",
    table({ state: "damaged", reason: "is too short" }),
    "table bad: the table is too short → portreservectl compile",
    "not covered",
  ],
  [
    "a foreign table",
    table({ state: "foreign", reason: "is a folder" }),
    "table bad: the table is a folder",
    "not covered",
  ],
  [
    "a compile that was cut short",
    table({ retired: true }),
    "table good: generation 4, and a compile was cut short → portreservectl compile",
    "covered",
  ],
  [
    "a stale table",
    table({ state: "stale" }),
    "fresh bad: the configuration has changed since it was compiled → portreservectl compile",
    "not covered",
  ],
  [
    "a configuration that cannot be read",
    table({ state: "valid" }),
    "fresh unknown: the configuration cannot be read → run it as root",
    "unknown",
  ],
  [
    "a table for root alone",
    table({ readableByAll: false }),
    "readable bad: its mode or its owner is not right → portreservectl compile",
    "not covered",
  ],
  ["a right label", table({ label: { found: "a", wanted: "a" } }), "label good: a", "covered"],
  [
    "a wrong label",
    table({ label: { found: "a", wanted: "b" } }),
    "label bad: it is 'a' instead of 'b' → portreservectl compile",
    "not covered",
  ],
  ["no install", NOT_LISTED, "preload bad: not installed → portreservectl install", "not covered"],
  [
    "a list that cannot be seen",
    { list: REFUSED },
    "preload unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "a list for root alone",
    CLOSED_LIST.setup ?? {},
    "usable bad: only some users may use '/etc/ld.so.preload' → portreservectl install",
    "not covered",
  ],
  [
    "a library before the shim in the list",
    listed("wrapper", true).setup ?? {},
    "list bad: '/opt/libsocks.so' stands before the shim and has allocators of its own → move '/opt/libsocks.so' below the shim's line in /etc/ld.so.preload",
    "not covered",
  ],
  [
    "one behind it whose other functions may call its own",
    listed("socks", false).setup ?? {},
    "list unknown: '/opt/libsocks.so' has allocators of its own, which its other functions may call → take it out of the list, or use a build without it",
    "unknown",
  ],
  [
    "one that cannot be read",
    listed("hole", false).setup ?? {},
    "list unknown: what '/opt/secret.so' defines cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "another library",
    library("differs"),
    "library-i386 bad: it is another one → portreservectl install",
    "not covered",
  ],
  [
    "a missing library",
    library("missing"),
    "library-i386 bad: it is not installed → portreservectl install",
    "not covered",
  ],
  [
    "a library that cannot be seen",
    library(REFUSED),
    "library-i386 unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "no watchers",
    { watchers: [] },
    "watchers bad: no unit watches the configuration → portreservectl install",
    "not covered",
  ],
  [
    "no systemd, whatever units are on the disk",
    {
      watchers: [{ unit: "portreserve.path", activeState: "not loaded" }],
      unwatched: "systemd does not run here",
    },
    "watchers good: the table follows only by hand or by cron: systemd does not run here → portreservectl compile",
    "covered",
  ],
  [
    "a table that is behind where nothing can watch",
    { ...table({ state: "stale" }), watchers: [], unwatched: "there is no node" },
    "fresh bad: the configuration has changed since it was compiled → portreservectl compile",
    "not covered",
  ],
  [
    "a watcher that failed",
    { watchers: [{ unit: "portreserve.path", activeState: "failed" }] },
    "watchers bad: portreserve.path is failed → systemctl restart portreserve.path",
    "not covered",
  ],
  [
    "watchers that cannot be seen",
    { watchers: REFUSED },
    "watchers unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "another manager",
    { manager: { installed: "0.3.0", own: "0.4.0" } },
    "manager bad: 0.3.0 is installed, and this is 0.4.0 → portreservectl install",
    "not covered",
  ],
  [
    "a manager that cannot be seen",
    { manager: { installed: REFUSED, own: "0.4.0" } },
    "manager unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
])("answers for %s", (_, setup, expected, verdict) => {
  const change: Change = { setup, processes: [cupsd] };
  expect(answers(change)).toContain(expected);
  expect(assess(facts(change)).verdict).toBe(verdict);
});

test("names the units of an install by drop-ins, and does not ask what keeps a table fresh that is not there", () => {
  const units = ["a", "b", "c"].map((name) => unit(`${name}.service`, { hasDropIn: name !== "b" }));
  expect(answers({ setup: NOT_LISTED, units })).toContain(
    "preload good: only into a.service and c.service, by drop-ins",
  );
  expect(answers({ setup: NOT_LISTED, units: REFUSED })).toContain(
    "preload unknown: cannot be seen: permission denied → run it as root",
  );
  expect(
    answers({
      setup: {
        ...table({ state: "missing" }),
        watchers: [],
        unwatched: "systemd does not run here",
        manager: { installed: undefined, own: "1" },
      },
      units: [],
    }),
  ).not.toContainEqual(expect.stringMatching(/^(watchers|manager)/));
});

const stolenBy = (holders: readonly number[]): Change => ({
  sockets: [socket({ protocol: "udp", state: "bound", holders })],
});

test("hints at nothing on a host in order", () => {
  expect(hints({})).toEqual([]);
});

test.each<[string, Change, string[]]>([
  [
    "a stolen port",
    stolenBy([640]),
    [
      "stolen: 'ypbind' holds 631/udp, which is reserved for 'cups' → systemctl restart ypbind.service && systemctl restart cups.service",
    ],
  ],
  [
    "a stolen port where nothing is installed: the thief might take it again",
    { ...stolenBy([640]), setup: NOT_LISTED },
    [
      "stolen: 'ypbind' holds 631/udp, which is reserved for 'cups' → portreservectl install && systemctl restart ypbind.service && systemctl restart cups.service",
    ],
  ],
  [
    "a stolen port where another unit is covered",
    {
      ...stolenBy([640]),
      setup: NOT_LISTED,
      units: [unit("cups.service"), unit("ypbind.service"), unit("other.service", { hasDropIn: true })],
    },
    [
      "stolen: 'ypbind' holds 631/udp, which is reserved for 'cups' → portreservectl install --unit ypbind.service && systemctl restart ypbind.service && systemctl restart cups.service",
    ],
  ],
  [
    "a stolen port where the thief's unit is covered at its next start",
    {
      ...stolenBy([640]),
      setup: NOT_LISTED,
      units: [unit("cups.service"), unit("ypbind.service", { hasDropIn: true })],
    },
    [
      "stolen: 'ypbind' holds 631/udp, which is reserved for 'cups' → systemctl restart ypbind.service && systemctl restart cups.service",
    ],
  ],
  [
    "a port that the kernel took",
    stolenBy([]),
    [
      "stolen: 'kernel' holds 631/udp, which is reserved for 'cups' → free it in the kernel, then systemctl restart cups.service",
    ],
  ],
  [
    "a port of TCP that the kernel took",
    { sockets: [socket({ state: "connected", holders: [] })] },
    [
      "stolen: 'kernel' holds 631/tcp, which is reserved for 'cups' → portreservectl reclaim 631/tcp && systemctl restart cups.service",
    ],
  ],
  [
    "a thief of no unit",
    { ...stolenBy([640]), processes: [process({ unit: undefined })], units: REFUSED },
    ["stolen: 'ypbind' holds 631/udp, which is reserved for 'cups' → restart process 640"],
  ],
  [
    "a BMC",
    {
      kernel: { hasIpmi: true },
      reservations: [reservation(623, "udp", "cups"), reservation(664, "udp", "cups"), reservation(664, "tcp", "cups")],
    },
    [
      "bmc: this host has a BMC, which swallows what comes for ports 623 and 664, and 623/tcp can be handed out → reserve 623 and 664: write both into a file 'bmc' of /etc/portreserve",
    ],
  ],
  [
    "a service on ports that nothing reserves",
    {
      sockets: [
        socket({ port: 636 }),
        socket({ port: 636, address: "::" }),
        socket({ port: 749, protocol: "udp", state: "bound" }),
        socket({ port: 80 }),
      ],
    },
    [
      "unreserved: 'cups.service' listens on 636/tcp and 749/udp, which nothing reserves → portreservectl reserve cups.service",
    ],
  ],
  [
    "a socket unit on one",
    {
      units: [
        unit("cups.socket", {
          listens: [
            { protocol: "tcp", address: "::", port: 700 },
            { protocol: "tcp", address: "::", port: 631 },
          ],
        }),
      ],
    },
    ["unreserved: 'cups.socket' listens on 700/tcp, which nothing reserves → portreservectl reserve cups.socket"],
  ],
  ["an allocator's random port", { sockets: [socket({ port: 700, holders: [640] })] }, []],
  [
    "a connection to a server",
    {
      sockets: [socket({ port: 700 }), socket({ port: 700, state: "connected" })],
      reservations: [reservation(700, "tcp", "cups")],
    },
    [],
  ],
  [
    "a connection from an ordinary port, or from one that nobody hands out",
    { sockets: [socket({ port: 511, state: "connected" }), socket({ port: 1024, state: "connected" })] },
    [],
  ],
  [
    "a client on privileged ports that is no allocator",
    { sockets: [socket({ port: 700, state: "connected" }), socket({ port: 701, state: "bound" })] },
    [
      "unexplained: 'cupsd' (1201) is a client on 700/tcp and 701/tcp, and nothing in its files says how it chose: dlsym(), or a bind() of its own → ss -tunap | grep pid=1201,",
    ],
  ],
  [
    "an owner that nothing is named like",
    {
      reservations: [
        reservation(700, "tcp", "typo"),
        reservation(701, "tcp", "(old)"),
        reservation(702, "tcp", "bindresvport.blacklist"),
        reservation(703, "tcp", "ypbind"),
      ],
    },
    [
      "unknown-owner: no unit and no program is named like 'typo', which has reservations → name the file after the service that needs the ports, so that its holder can be judged",
    ],
  ],
  ["one where units cannot be seen", { units: REFUSED, reservations: [reservation(700, "tcp", "typo")] }, []],
  [
    "an ABI without a library",
    { setup: library("no package") },
    ["no-library: this version has no library for i386: no program of that ABI can be covered"],
  ],
])("hints at %s", (_, change, expected) => {
  expect(hints(change)).toEqual(expected);
});

test("names each entry of the list that loads nothing, for which programs, and a carriage return", () => {
  const entry = (name: string, ...states: readonly ("missing" | "other ABI" | "no library" | "good" | "closed")[]) => ({
    name,
    beforeShim: false,
    files: states.map((state, at) => ({
      abi: at === 0 ? "x86_64" : "i386",
      elf: state === "good" || state === "closed" ? elf() : state,
      ...(state === "closed" ? { closedBy: { path: name, isFolder: false } } : {}),
    })),
  });
  const others = [
    entry("/gone.so", "missing", "missing"),
    entry("/64.so", "good", "other ABI"),
    entry("/text", "no library", "no library"),
    entry("/secret.so", "closed", "closed"),
    entry("/good.so", "good", "good"),
    entry("/good.so\r", "missing", "missing"),
  ];
  const list = { namesShim: true, since: 0, others };
  expect(hints({ setup: { list } }).filter((hint) => hint.startsWith("list-entry"))).toEqual([
    "list-entry: '/gone.so' of the preload list cannot be loaded into any program: it is not there → install what it belongs to, or take it out of /etc/ld.so.preload",
    "list-entry: '/64.so' of the preload list cannot be loaded into i386 programs: it is for programs of another kind → write $LIB for the folder in its path, so that each program finds its own, or take it out of /etc/ld.so.preload",
    "list-entry: '/text' of the preload list cannot be loaded into any program: it is no library → take it out of /etc/ld.so.preload",
    "list-entry: '/secret.so' of the preload list cannot be loaded into programs of some users: only some users may use it → let every user read it, and enter its folders",
    "list-entry: the preload list has a carriage return, which the loader takes for a name or a part of one, and which uninstall leaves there → sed -i 's/\\r$//' /etc/ld.so.preload",
  ]);
});
