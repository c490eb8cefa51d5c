// The verdict on the kernel's own clients: of NFS by its range, and of 9p.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import { type Change, facts, REFUSED, reservation, socket } from "./coverage-facts.ts";
import { only } from "./coverage-verdicts.ts";

const CURE = "portreservectl mechanisms apply nfs-range";
const WITHOUT = [{ target: "/a", noresvport: true, needsNoStatd: true as const }];
const NORESVPORT = [{ name: "noresvport", inForce: true }];
const sparse = [720, 780, 840, 900, 960];
const many = [671, 672, 673, 674, 675, 676, 677, 678, 679, 680];

test.each<[string, Change, string[]]>([
  ["that is not loaded", { kernel: { sunrpc: undefined } }, []],
  [
    "without a reserved port in its range",
    { kernel: { sunrpc: { min: 665, max: 1023 } } },
    ["covered (kernel): no reserved port in its range"],
  ],
  [
    "with some",
    { kernel: { sunrpc: { min: 600, max: 1023 } } },
    [`not covered (kernel): 631 reserved in its range → ${CURE}`],
  ],
  [
    "with many",
    { kernel: { sunrpc: { min: 665, max: 1023 } }, reservations: many.map((port) => reservation(port, "tcp", "many")) },
    [`not covered (kernel): 671 672 673 674 675 676 677 678 and 2 more reserved in its range → ${CURE}`],
  ],
  [
    "whose mounts all have noresvport",
    { kernel: { sunrpc: { min: 600, max: 1023 }, nfs: [{ target: "/a", noresvport: true }] } },
    [
      `unknown (kernel): 631 reserved in its range; every NFS mount has noresvport, but the locks of version 3 may take one → ${CURE}`,
    ],
  ],
  [
    "whose mounts of version 4 all have noresvport, which nothing gives to the next",
    { kernel: { sunrpc: { min: 600, max: 1023 }, nfs: WITHOUT } },
    [`unknown (kernel): 631 reserved in its range; every NFS mount has noresvport, but the next may not → ${CURE}`],
  ],
  [
    "whose mounts of version 4 all have noresvport by the mechanism, beside a server of the kernel's",
    { kernel: { sunrpc: { min: 600, max: 1023 }, nfs: WITHOUT, nfsServer: true }, mechanisms: NORESVPORT },
    [
      `unknown (kernel): 631 reserved in its range; every NFS mount has noresvport, but the kernel's NFS server may take one to call a client back → ${CURE}`,
    ],
  ],
  [
    "whose mounts of version 4 all have noresvport by the mechanism",
    { kernel: { sunrpc: { min: 600, max: 1023 }, nfs: WITHOUT }, mechanisms: NORESVPORT },
    ["covered (kernel): every NFS mount has noresvport, and gets it by 'mechanisms apply noresvport'"],
  ],
  [
    "where no run of ports is wide enough for it",
    {
      kernel: { sunrpc: { min: 665, max: 1023 } },
      reservations: sparse.map((port) => reservation(port, "tcp", "many")),
    },
    [
      `not covered (kernel): ${sparse.join(" ")} reserved in its range → portreservectl hold ${sparse.map((port) => `${port}/tcp`).join(" ")}`,
    ],
  ],
  [
    "with one mount that has not",
    {
      kernel: {
        sunrpc: { min: 600, max: 1023 },
        nfs: [
          { target: "/a", noresvport: true },
          { target: "/b", noresvport: false },
        ],
      },
    },
    [`not covered (kernel): 631 reserved in its range → ${CURE}`],
  ],
  [
    "that cannot be seen",
    { kernel: { sunrpc: REFUSED } },
    ["unknown (kernel): its range cannot be seen: permission denied → run it as root"],
  ],
  ["whose range is none", { kernel: { sunrpc: { min: 900, max: 700 } } }, ["unknown (kernel): 900 to 700 is no range"]],
  [
    "while nobody can see what is reserved",
    {
      kernel: { sunrpc: { min: 900, max: 1000 } },
      reservations: undefined,
      setup: { table: { ...facts().setup.table, state: "unreadable" } },
    },
    ["unknown (kernel): what is reserved cannot be seen → run it as root"],
  ],
])("judges a kernel client %s", (_, change, expected) => {
  expect(only(change)).toEqual(expected);
});

const IN_RANGE: Change = { reservations: [reservation(700, "tcp", "a"), reservation(800, "udp", "a")] };
const plan9 = (privport: boolean): Change => ({ ...IN_RANGE, kernel: { plan9: [{ target: "/srv", privport }] } });
const OF_KERNEL = { port: 999, state: "connected", holders: [] } as const;

test.each<[string, Change, string[]]>([
  [
    "with privport",
    plan9(true),
    [
      "not covered (kernel): 700 reserved in its range, and '/srv' is mounted with privport → portreservectl hold 700/tcp",
    ],
  ],
  [
    "with privport and nothing to lose",
    { kernel: { plan9: [{ target: "/srv", privport: true }] } },
    ["covered (kernel): no reserved port in its range"],
  ],
  ["of which the kernel does not say, and which holds no port", plan9(false), []],
  [
    "of which the kernel does not say, while it holds a port",
    { ...plan9(false), sockets: [socket(OF_KERNEL)] },
    [
      "unknown (kernel): 700 reserved in its range, and whether '/srv' is mounted with privport cannot be seen → portreservectl hold 700/tcp",
    ],
  ],
  [
    "of which the kernel does not say, where another holds the port",
    { ...plan9(false), sockets: [socket({ ...OF_KERNEL, holders: [1201] })] },
    [],
  ],
])("judges a mount of 9p %s", (_, change, expected) => {
  expect(only(change)).toEqual(expected);
});

test("names the kernel's range", () => {
  const { allocators } = assess(facts({ processes: [], kernel: { sunrpc: { min: 665, max: 1023 } } }));
  expect(allocators.map(({ kind, name, via }) => ({ kind, name, via }))).toEqual([
    { kind: "kernel", name: "NFS client", via: ["kernel, 665–1023"] },
  ]);
});
