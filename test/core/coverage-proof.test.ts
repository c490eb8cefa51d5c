// The judgement of a proof: what a probe got against what it may get.
import { expect, test } from "vitest";
import { judgeRuns, PROOF_RUNS, type ProofRun, portList, probeArguments } from "../../src/commands/verify/proof.ts";
import { sandboxIn, transientSettings } from "../../src/commands/verify/unit-settings.ts";
import { ownerOfUnit, withPorts } from "../../src/core/config/reservation-text.ts";
import { fromShow } from "../../src/core/systemd/from-show.ts";

const SHIM = "/usr/lib/portreserve/libportreserve.so";
const ALL = Array.from({ length: 512 }, (_, at) => 512 + at);
const RUN: ProofRun = { symbol: "bindresvport", protocol: "tcp", family: "inet", address: "any" };
const without = (...left: readonly number[]): readonly number[] => ALL.filter((port) => !left.includes(port));
const reserved = { tcp: [111, 631], udp: [] };

function judged(
  ports: readonly number[],
  end = "EADDRINUSE",
  provider: string | undefined = SHIM,
  run = RUN,
  isHigh = false,
) {
  const lines = [...ports.map((port) => JSON.stringify({ port })), JSON.stringify({ error: end })];
  const providers = new Map([
    ["bindresvport", provider],
    ["rresvport", SHIM],
  ]);
  const context = { abi: "x86_64", shim: SHIM, isHigh, providers, ports: { reserved, inTable: reserved } };
  return judgeRuns(context, [{ run, answer: { stdout: lines.join("\n"), status: 0 } }]);
}

test("plays each function in every way that it can be called", () => {
  const count = (symbol: string): number => PROOF_RUNS.filter((run) => run.symbol === symbol).length;
  expect(["bindresvport", "bindresvport_sa", "rresvport", "rresvport_af", "gssrpc_bindresvport"].map(count)).toEqual([
    6, 6, 1, 2, 4,
  ]);
});

test.each<[string, readonly number[], string, string | undefined, readonly string[]]>([
  ["is good with any above 1023", [1024, 40_000, 60_999], "status 0", SHIM, []],
  ["fails with a privileged one", [40_000, 700], "status 0", SHIM, ["handed out what nothing should: 700"]],
  [
    "fails with a reserved one",
    [631],
    "status 0",
    SHIM,
    ["handed out what is reserved: 631", "handed out what nothing should: 631"],
  ],
  ["fails without any", [], "EACCES", SHIM, ["gave no port, and ended with EACCES"]],
  [
    "fails where the function is another library's",
    [40_000],
    "status 0",
    "/lib/libc.so.6",
    ["comes from '/lib/libc.so.6', not from the high-ports library"],
  ],
])("of high ports %s", (_, ports, end, provider, faults) => {
  const [row] = judged(ports, end, provider, RUN, true);
  expect([row?.faults, row?.missing, row?.isHigh]).toEqual([faults, [], true]);
});

test("asks for few ports where they are the kernel's choice, and for all where they are not", () => {
  expect(probeArguments(RUN, true)).toBe("--symbol bindresvport --protocol tcp --family inet --address any --count 3");
  expect(probeArguments(RUN, false)).toBe("--symbol bindresvport --protocol tcp --family inet --address any --exhaust");
});

test.each([
  ["is good with every port but the reserved ones", without(631), "EADDRINUSE", []],
  ["fails with a reserved one", ALL, "EADDRINUSE", ["handed out what is reserved: 631"]],
  ["fails with one too few", without(631, 700), "EMFILE", ["never handed out 700, and ended with EMFILE"]],
  ["fails with one twice", [...without(631), 700], "EADDRINUSE", ["handed out twice: 700"]],
  ["fails with one from outside", [...without(631), 1024], "EADDRINUSE", ["handed out what nothing should: 1024"]],
  ["fails with another end", without(631), "EINVAL", ["ended with EINVAL"]],
] as const)("%s", (_, ports, end, faults) => {
  expect(judged(ports, end).map((row) => row.faults)).toEqual([faults]);
});

test("fails with a function that is not the shim's, whatever it handed out", () => {
  expect(judged(without(631), "EADDRINUSE", "/lib/libc.so.6")[0]?.faults).toEqual([
    "comes from '/lib/libc.so.6', not from the shim",
  ]);
  // How libc refuses an address is libc's affair, and what it steals is not.
  expect(judged([], "EINVAL", "/lib/libc.so.6")[0]?.faults).toEqual(["comes from '/lib/libc.so.6', not from the shim"]);
  expect(judged(ALL, "EINVAL", "/lib/libc.so.6")[0]?.faults).toEqual([
    "comes from '/lib/libc.so.6', not from the shim",
    "handed out what is reserved: 631",
  ]);
});

test("leaves out a family that the kernel does not have, and only that", () => {
  const inet6: ProofRun = { ...RUN, family: "inet6" };
  expect(judged([], "EAFNOSUPPORT", SHIM, inet6)).toEqual([]);
  expect(judged([], "EAFNOSUPPORT")).toHaveLength(1);
  expect(judged([], "EADDRINUSE", SHIM, inet6)).toHaveLength(1);
});

test("writes ports as ranges, and the first few of many", () => {
  expect([[], [631], [631, 700, 701], [1, 3, 5]].map(portList)).toEqual([
    "",
    "631",
    "631 and 700 to 701",
    "1, 3 and 5",
  ]);
  expect(portList([1, 3, 5, 7, 9, 11, 13, 15, 17])).toBe("1, 3, 5, 7, 9, 11, 13, 15 and more, 9 in all");
});

test("hands on what decides, the user and the rights too", () => {
  const shown =
    "EnvironmentFiles=/etc/default/x (ignore_errors=yes)\nProtectSystem=strict\nPrivateTmp=no\nUser=x\nGroup=\nCapabilityBoundingSet=cap_chown\n";
  expect(transientSettings(shown)).toEqual([
    "EnvironmentFile=-/etc/default/x",
    "ProtectSystem=strict",
    "User=x",
    "CapabilityBoundingSet=cap_chown",
  ]);
});

test("names every file and folder with which a unit lets somebody decide what its programs run", () => {
  const shown = `Id=x.service
User=x
DynamicUser=yes
RootDirectory=/srv/jail
RootImage=/srv/image
EnvironmentFiles=/etc/default/x (ignore_errors=yes)
EnvironmentFiles=/home/x/env (ignore_errors=no)
BindPaths=/home/x:/opt:rbind -/srv/y
BindReadOnlyPaths=/a b:/c:norbind
`;
  expect(fromShow(shown)[0]).toMatchObject({
    user: "x",
    dynamicUser: true,
    rootDirectory: "/srv/jail",
    rootImage: "/srv/image",
    bindSources: ["/home/x", "/srv/y", "/a", "b"],
    environmentFiles: [
      { path: "/etc/default/x", optional: true },
      { path: "/home/x/env", optional: false },
    ],
  });
  expect(fromShow("Id=x.service\nUser=\nRootDirectory=/\n")[0]).toMatchObject({
    user: undefined,
    rootDirectory: undefined,
  });
});

test("names a reservation file after its unit, and keeps what is in it", () => {
  expect(["cups.service", "rpc-statd@lan.service", "org.x.socket"].map(ownerOfUnit)).toEqual([
    "cups",
    "rpc-statd",
    "org-x",
  ]);
  const missing = [{ port: 631, protocol: "tcp" }] as const;
  const text = (old?: string): string =>
    Buffer.from(withPorts(old === undefined ? undefined : Buffer.from(old), "x", missing)).toString();
  expect([text(), text("# mine"), text("514\n")]).toEqual([
    "# written by 'portreservectl reserve x'\n631/tcp\n",
    "# mine\n631/tcp\n",
    "514\n631/tcp\n",
  ]);
});

test("knows which settings of a unit only systemd can put into force", () => {
  const files = [
    {
      path: "/a",
      text: "[Service]\nUser=x\nPrivateTmp=yes\nProtectHome=tmpfs\nNoExecPaths=/\nMountImages=/a.raw:/usr\nReadOnlyDirectories=/etc\n",
    },
    { path: "/b", text: "[Service]\nEnvironment=A=b\nPrivateTmp=No\n[Unit]\nProtectSystem=strict\n" },
  ];
  expect(sandboxIn(files)).toEqual(["ReadOnlyPaths", "NoExecPaths", "ProtectHome", "MountImages"]);
  expect(sandboxIn([{ path: "/a", text: "[Service]\nUser=x\nExecStart=/bin/true\n" }])).toEqual([]);
});
