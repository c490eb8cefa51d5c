// The judgement of a proof: what a probe got against what it may get.
import { expect, test } from "vitest";
import { judgeRuns, PROOF_RUNS, type ProofRun, portList } from "../../src/core/coverage/proof.ts";
import { type ProcessTexts, processStart } from "../../src/core/coverage/proof-process.ts";
import { ownerOfUnit, withPorts } from "../../src/core/coverage/reservation-text.ts";
import { transientSettings } from "../../src/core/coverage/unit-settings.ts";

const SHIM = "/usr/lib/portreserve/libportreserve.so";
const ALL = Array.from({ length: 512 }, (_, at) => 512 + at);
const RUN: ProofRun = { symbol: "bindresvport", protocol: "tcp", family: "inet", address: "any" };
const without = (...left: readonly number[]): readonly number[] => ALL.filter((port) => !left.includes(port));
const reserved = { tcp: [111, 631], udp: [] };

function judged(ports: readonly number[], end = "EADDRINUSE", provider: string | undefined = SHIM, run = RUN) {
  const lines = [...ports.map((port) => JSON.stringify({ port })), JSON.stringify({ error: end })];
  const providers = new Map([
    ["bindresvport", provider],
    ["rresvport", SHIM],
  ]);
  const context = { abi: "x86_64", shim: SHIM, providers, ports: { reserved, inTable: reserved } };
  return judgeRuns(context, [{ run, answer: { stdout: lines.join("\n"), status: 0 } }]);
}

test("plays each function in every way that it can be called", () => {
  const count = (symbol: string): number => PROOF_RUNS.filter((run) => run.symbol === symbol).length;
  expect(["bindresvport", "bindresvport_sa", "rresvport", "rresvport_af", "gssrpc_bindresvport"].map(count)).toEqual([
    6, 6, 1, 2, 4,
  ]);
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

const status = (uid: number, bounding: string): string =>
  `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t7\t7\t7\t7\nCapBnd:\t${bounding}\n`;
const texts = (uid: number, bounding = "1f", namespace = "user:[1]"): ProcessTexts => ({
  status: status(uid, bounding),
  environ: "A=1\0LD_PRELOAD=/x.so\0",
  userNamespace: namespace,
  ownUserNamespace: "user:[1]",
  ownStatus: status(0, "1f"),
});

test("starts by root only what could do the same by itself", () => {
  const here = { isHere: true, heedsEnvironment: true };
  const there = { isHere: false, heedsEnvironment: true };
  expect(processStart(texts(0), here)).toEqual({ kind: "root", enter: false, preload: "/x.so" });
  expect(processStart(texts(0), there)).toEqual({ kind: "root", enter: true, preload: "/x.so" });
  expect(processStart(texts(0), { ...here, heedsEnvironment: false })).toMatchObject({ preload: undefined });
  expect(processStart(texts(1000), here)).toEqual({ kind: "user", uid: 1000, gid: 7, preload: "/x.so" });
  expect(processStart(texts(0, "0f"), here).kind).toBe("user");
  for (const confined of [
    texts(1000),
    texts(0, "0f"),
    texts(0, "1f", "user:[2]"),
    { ...texts(0), status: undefined },
  ]) {
    expect(processStart(confined, there).kind).toBe("none");
  }
});

test("hands on what decides, and neither a user nor a bound that could not take a port", () => {
  const shown =
    "EnvironmentFiles=/etc/default/x (ignore_errors=yes)\nProtectSystem=strict\nPrivateTmp=no\nUser=x\nGroup=\n";
  expect(transientSettings(`${shown}CapabilityBoundingSet=cap_chown\n`)).toEqual({
    settings: ["EnvironmentFile=-/etc/default/x", "ProtectSystem=strict"],
    without: ["User", "CapabilityBoundingSet"],
  });
  const able = transientSettings(`${shown}AmbientCapabilities=cap_net_bind_service\n`);
  expect(able.settings).toContain("User=x");
  expect(able.without).toEqual([]);
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
