// What is hinted at beside the verdicts: stolen ports, services that nothing reserves for, entries of the preload list.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { SetupFacts } from "../../src/coverage/facts.ts";
import { type Change, elf, facts, process, REFUSED, reservation, socket, unit } from "./coverage-facts.ts";

function hints(change: Change): string[] {
  return assess(facts(change)).hints.map(
    ({ id, message, hint }) => `${id}: ${message}${hint === undefined ? "" : ` → ${hint}`}`,
  );
}

const library = (state: SetupFacts["libraries"][number]["state"]): Partial<SetupFacts> => ({
  libraries: [{ abi: "i386", path: "/usr/lib/x", state, key: undefined, marker: undefined }],
});
const NOT_LISTED: Partial<SetupFacts> = { list: { namesShim: false, since: undefined } };

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
  [
    "one of several with only blocked ports, or those of the mechanism fixed: neither is a service's",
    {
      reservations: [
        { ...reservation(623, "udp", "bmc"), kind: "block" },
        { ...reservation(664, "udp", "half"), kind: "block" },
        reservation(665, "udp", "half"),
        reservation(599, "tcp", "fixed"),
      ],
      fixedOwners: [{ port: 599, owner: "rpc-statd" }],
    },
    [
      "unknown-owner: no unit and no program is named like 'half', which has reservations → name the file after the service that needs the ports, so that its holder can be judged",
    ],
  ],
  [
    "a file 'fixed' that is not the mechanism's",
    { reservations: [reservation(599, "tcp", "fixed")] },
    [
      "unknown-owner: no unit and no program is named like 'fixed', which has reservations → name the file after the service that needs the ports, so that its holder can be judged",
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
