// The verdict on what does not run now, and on the kernel's own client.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { ObjectFacts, ProgramFacts } from "../../src/coverage/facts.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";
import {
  type Change,
  CLOSED_LIST,
  facts,
  listed,
  MARKER,
  OBJECTS,
  program,
  REFUSED,
  reservation,
  socket,
  unit,
} from "./coverage-facts.ts";
import { verdicts } from "./coverage-verdicts.ts";

const only = (change: Change): string[] => verdicts(facts({ processes: [], sockets: [], ...change }));

function of(keys: readonly string[], change: Partial<ProgramFacts> = {}): ProgramFacts {
  const objects = keys.flatMap((key): ObjectFacts[] => (OBJECTS[key] ? [OBJECTS[key]] : []));
  return program({ path: objects[0]?.path ?? "/opt/x", objects, ...change });
}

const STATIC = "use a dynamically linked build, or keep it from the ports by its own settings";
const noList = { setup: { list: { namesShim: false, since: undefined } } };
const dropIn = { ...noList, units: [unit("ypbind.service", { hasDropIn: true })] };
const defeated = (certain: boolean): { units: UnitFacts[]; setup: Change["setup"] } => ({
  ...noList,
  units: [
    unit("ypbind.service", {
      hasDropIn: true,
      dropInObstacle: { certain, reason: "its file sets it", hint: "take the line out" },
    }),
  ],
});
const hidden = { units: [unit("ypbind.service", { hides: "InaccessiblePaths=/etc" })] };
const masked = { hidesList: "BindReadOnlyPaths=/dev/null:/etc/ld.so.preload" };
const noExec = { noExec: { setting: "NoExecPaths=/", libraries: ["/usr/lib/portreserve/libportreserve.so"] } };
const ypbind = (change: Partial<UnitFacts>): { units: UnitFacts[] } => ({ units: [unit("ypbind.service", change)] });
const STALE = "its drop-in preloads /old.so with the shim, and its unit now says /new.so";
const setuid = program({ path: "/sbin/mount.nfs", unit: undefined, privileged: true });
const library = (change: object): Change => ({
  setup: {
    libraries: [{ abi: "x86_64", path: "/usr/lib/x", state: "differs", key: "shim", marker: MARKER, ...change }],
  },
});

test.each<[string, ProgramFacts, string, Change?]>([
  ["a unit's program", program(), "covered (covered): when it starts"],
  ["a unit's program with a drop-in", program(), "covered (covered): when it starts", dropIn],
  [
    "a unit's program without",
    program(),
    "not covered (installed): not installed for it → portreservectl install",
    noList,
  ],
  [
    "a drop-in that something defeats",
    program(),
    "not covered (installed): its file sets it → take the line out",
    defeated(true),
  ],
  [
    "a drop-in that something may defeat",
    program(),
    "unknown (installed): its file sets it → take the line out",
    defeated(false),
  ],
  [
    "a drop-in that something defeats, and the list",
    program(),
    "covered (covered): when it starts",
    { units: defeated(true).units },
  ],
  [
    "another root, whatever the program here is",
    of(["static"], { unit: "ypbind.service" }),
    "unknown (root): would be started in another root (RootImage=/srv/a.raw) → start it, and look again",
    { units: [unit("ypbind.service", { otherRoot: "RootImage=/srv/a.raw" })] },
  ],
  [
    "a list that not every user may read",
    program(),
    "unknown (usable): only some users may use '/etc/ld.so.preload' → portreservectl install",
    CLOSED_LIST,
  ],
  [
    "the same with a drop-in, which needs no list (control)",
    program(),
    "covered (covered): when it starts",
    { ...CLOSED_LIST, units: [unit("ypbind.service", { hasDropIn: true })] },
  ],
  [
    "a folder of the shim's that not everybody may enter",
    program(),
    "unknown (usable): only some users may use '/usr/lib/portreserve' → chmod a+x /usr/lib/portreserve",
    library({ state: "current", closedBy: { path: "/usr/lib/portreserve", isFolder: true } }),
  ],
  [
    "a library before the shim in the list",
    program(),
    "not covered (order): 'libsocks.so' stands before the shim in the preload list, and has a bindresvport of its own → move '/opt/libsocks.so' below the shim's line in /etc/ld.so.preload",
    listed("wrapper", true),
  ],
  [
    "one behind it whose other functions may call its own",
    program(),
    "unknown (order): its 'libsocks.so' has allocators of its own, which its other functions may call → take it out of the preload list or LD_PRELOAD, or use a build without it",
    listed("socks", false),
  ],
  ["one behind it (control)", program(), "covered (covered): when it starts", listed("wrapper", false)],
  [
    "one before the shim in the list, and a drop-in, which comes before the list (control)",
    program(),
    "covered (covered): when it starts",
    { ...listed("wrapper", true), units: [unit("ypbind.service", { hasDropIn: true })] },
  ],
  [
    "one before the shim that defeats a privileged program, which heeds no drop-in",
    program({ unit: "ypbind.service", privileged: true }),
    "not covered (order): 'libsocks.so' stands before the shim in the preload list, and has a bindresvport of its own → move '/opt/libsocks.so' below the shim's line in /etc/ld.so.preload",
    { ...listed("wrapper", true), units: [unit("ypbind.service", { hasDropIn: true })] },
  ],
  [
    "one before the shim that cannot be read",
    program(),
    "unknown (order): what 'secret.so' of the preload list defines cannot be seen: permission denied → run it as root",
    listed("hole", true),
  ],
  [
    "a hidden table",
    program(),
    "unknown (files): would find other files than this host's (InaccessiblePaths=/etc) → start it, and look again",
    hidden,
  ],
  [
    "a hidden table of a unit that it is not installed for",
    program(),
    "not covered (installed): not installed for it → portreservectl install",
    { ...noList, ...hidden },
  ],
  [
    "a hidden preload list",
    program(),
    "unknown (list): would find another preload list than this host's (BindReadOnlyPaths=/dev/null:/etc/ld.so.preload) → portreservectl install --unit ypbind.service",
    ypbind(masked),
  ],
  [
    "a hidden preload list of a socket, which can have no drop-in",
    program({ unit: "yp.socket" }),
    "unknown (list): would find another preload list than this host's (BindReadOnlyPaths=/dev/null:/etc/ld.so.preload) → take that setting out with 'systemctl edit --full yp.socket'",
    { units: [unit("yp.socket", masked)] },
  ],
  [
    "a hidden preload list of a unit with a drop-in",
    program(),
    "covered (covered): when it starts",
    ypbind({ ...masked, hasDropIn: true }),
  ],
  [
    "a hidden preload list and a drop-in that something defeats",
    program(),
    "not covered (list): its file sets it → take the line out",
    ypbind({
      ...masked,
      hasDropIn: true,
      dropInObstacle: { certain: true, reason: "its file sets it", hint: "take the line out" },
    }),
  ],
  [
    "a shim that may not be run",
    program(),
    "not covered (runnable): may not run the shim's code (NoExecPaths=/) → add ExecPaths=/usr/lib/portreserve with 'systemctl edit ypbind.service', and restart it",
    ypbind(noExec),
  ],
  [
    "a shim that may not be run, of another ABI",
    program(),
    "covered (covered): when it starts",
    ypbind({ noExec: { ...noExec.noExec, libraries: ["/usr/lib32/libportreserve.so"] } }),
  ],
  [
    "a program in a user namespace of its own, covered or not",
    program(),
    "covered (powerless): could take no privileged port (PrivateUsers=yes)",
    { ...noList, ...ypbind({ ownUsers: "PrivateUsers=yes" }) },
  ],
  [
    "the same where no privilege is needed (control)",
    program(),
    "not covered (installed): not installed for it → portreservectl install",
    { ...noList, ...ypbind({ ownUsers: "PrivateUsers=yes" }), kernel: { unprivilegedPortStart: 600 } },
  ],
  [
    "a drop-in that preloads what its unit no longer says",
    program(),
    "unknown (drop-in): its drop-in preloads /old.so with the shim, and its unit now says /new.so → portreservectl install --unit ypbind.service",
    { ...noList, ...ypbind({ hasDropIn: true, dropInStale: STALE }) },
  ],
  [
    "a privileged program, which heeds no drop-in (control)",
    setuid,
    "covered (covered): when it starts",
    ypbind({ hasDropIn: true, dropInStale: STALE }),
  ],
  [
    "libraries before the shim",
    program(),
    "unknown (order): would get other libraries before the shim (LD_PRELOAD=/x.so) → start it, and look again",
    { units: [unit("ypbind.service", { preloadsFirst: "/x.so" })] },
  ],
  ["a setuid program, whatever units hide", setuid, "covered (covered): when it starts", hidden],
  ["a setuid program", setuid, "covered (covered): when it starts"],
  [
    "a setuid program and drop-ins",
    setuid,
    "not covered (installed): not installed for it → portreservectl install",
    dropIn,
  ],
  ["a static program", of(["static"]), `not covered (dynamic): static, and no library can be preloaded → ${STATIC}`],
  ["a stripped one", of(["stripped"]), `unknown (dynamic): static, and without a symbol table → ${STATIC}`],
  [
    "a stripped one with a name like ldconfig's",
    of(["stripped"], { path: "/usr/local/sbin/ldconfig" }),
    `unknown (dynamic): static, and without a symbol table → ${STATIC}`,
  ],
  [
    "rcmd",
    of(["rsh", "libc"]),
    "not covered (reachable): calls rcmd_af, which no preload reaches → replace it by a newer program",
  ],
  ["musl", of(["musl"]), "not covered (installed): musl, which does not read the preload list → use a build for glibc"],
  [
    "another ABI",
    of(["i386"]),
    "not covered (installed): foreign ABI: no library for i386 → use a build for this host's own ABI",
  ],
  [
    "a file that cannot be read",
    of(["ypbind", "hole"]),
    "unknown (readable): its 'secret.so' cannot be seen: permission denied → run it as root",
  ],
  [
    "a list that cannot be seen",
    program(),
    "unknown (installed): the preload list cannot be seen: permission denied → run it as root",
    { setup: { list: REFUSED } },
  ],
  [
    "units that cannot be seen",
    program(),
    "unknown (installed): its unit cannot be seen: permission denied → run it as root",
    { ...noList, units: REFUSED },
  ],
  [
    "a missing library",
    program(),
    "not covered (installed): no library for x86_64 is installed → portreservectl install",
    library({ state: "missing", marker: undefined }),
  ],
  ["another library", program(), "covered (covered): when it starts", library({})],
  [
    "a library for another table",
    program(),
    "not covered (library): its library (9.0) does not know the table's version → portreservectl install",
    library({ marker: "portreserve 9.0 table 2" }),
  ],
  [
    "a library without a marker",
    program(),
    "unknown (library): which version its library would be cannot be seen → portreservectl install",
    library({ marker: undefined }),
  ],
  [
    "a library that cannot be seen",
    program(),
    "unknown (library): the library that it would get cannot be seen: permission denied → run it as root",
    library({ state: REFUSED }),
  ],
  [
    "no table",
    program(),
    "not covered (in-force): there is no table in force → portreservectl compile",
    { setup: { table: { ...facts().setup.table, state: "missing" } } },
  ],
])("judges %s before it runs", (_, one, expected, change) => {
  expect(only({ programs: [one], ...change })).toEqual([expected]);
});

test("lists no program that does not allocate, and folds those that cannot be read", () => {
  const ldconfig = of(["stripped"], { path: "/sbin/ldconfig" });
  expect(only({ programs: [of(["cupsd", "libc"]), of(["go"]), ldconfig] })).toEqual([]);
  const { allocators } = assess(facts({ programs: [of(["hole"]), of(["hole"])] }));
  expect(allocators.map(({ kind, name, count, verdict }) => [kind, name, count, verdict])).toEqual([
    ["unseen", "2 programs", 2, "unknown"],
    ["process", "ypbind", 1, "covered"],
  ]);
});

test("sorts by verdict, then processes before programs and the kernel", () => {
  const programs = [of(["rsh"]), program({ path: "/a" })];
  const { allocators } = assess(facts({ programs, kernel: { sunrpc: { min: 600, max: 1023 } } }));
  expect(allocators.map(({ verdict, kind, name }) => `${verdict} ${kind} ${name}`)).toEqual([
    "not covered program rsh",
    "not covered kernel NFS client",
    "covered process ypbind",
    "covered program a",
  ]);
});

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
