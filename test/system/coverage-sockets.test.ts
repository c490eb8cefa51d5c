// Sockets with a privileged port and their holders: real ones, in a network of their own, against both of the kernel's lists.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { SocketFacts } from "../../src/coverage/socket-facts.ts";
import { named, skipReason } from "../support/can.ts";
import { noSandbox, play } from "../support/sandbox.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const reason =
  (await noSandbox()) ??
  skipReason("root", { program: "python3", package: "python3" }, { program: "ss", package: "iproute2" });

const COMMAND = `"$NODE" --input-type=module -e "$OBSERVER"`;
const programs = path.join(import.meta.dirname, "programs");

/** Runs in the sandbox: what both lists give, and whether all processes are seen. */
const OBSERVER = `
const { observeSockets, observeSocketsBy, socketListByTable } = await import(process.env.DIST + "/observe/sockets/read-sockets.js");
const { processIds } = await import(process.env.DIST + "/system/proc/process-files.js");
const { seesEveryProcess } = await import(process.env.DIST + "/observe/processes/read-visibility.js");
const pids = process.env.NO_PIDS ? [] : processIds();
const asRoot = process.geteuid() === 0;
console.log(JSON.stringify({
  diag: observeSockets(pids),
  tables: observeSocketsBy(socketListByTable, pids, asRoot),
  seesEveryProcess: seesEveryProcess(),
}));
`;

interface Observation {
  readonly diag: { readonly sockets: readonly SocketFacts[]; readonly source: string };
  readonly tables: { readonly sockets: readonly SocketFacts[]; readonly source: string };
  readonly seesEveryProcess: boolean;
}

async function observe(script: string): Promise<Observation & { readonly stdout: string }> {
  const environment = {
    DIST: path.dirname(MAIN),
    NODE: NODE,
    OBSERVER,
    SCENE: readFileSync(path.join(programs, "sockets.py"), "utf8"),
  };
  const { status, stdout, stderr } = await play(
    `observe() { "$NODE" --input-type=module -e "$OBSERVER"; }
scene() { python3 -c "$SCENE" "$@" < "$SCRATCH/never"; }
mkfifo "$SCRATCH/never"; sleep 100 > "$SCRATCH/never" & 
${script}`,
    { cover: "nothing", environment },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const json = stdout.split("\n").find((line) => line.startsWith("{")) ?? "";
  return { ...(JSON.parse(json) as Observation), stdout };
}

/** "604/tcp inet6 ::  listening  PARENT" */
function lines(sockets: readonly SocketFacts[], stdout: string): string[] {
  const [, parent = "", child = ""] = /^pids (\d+) (\d+)$/m.exec(stdout) ?? [];
  const who = (pid: number): string => ({ [parent]: "parent", [child]: "child" })[String(pid)] ?? "someone";
  return sockets.map(({ port, protocol, family, address, state, holders }) => {
    const held = "unseen" in holders ? `(${holders.unseen})` : holders.map(who).join(" ");
    return `${port}/${protocol} ${family} ${address} ${state} ${held}`.trimEnd();
  });
}

/** In the kernel's list since Linux 6.8, and in its tables never. */
const INACTIVE = ["602/tcp inet 0.0.0.0 bound parent", "603/tcp inet6 ::1 bound parent"];
const listsInactive = kernelIsAtLeast(6, 8);

const ALL = [
  "1/udp inet 0.0.0.0 bound parent",
  "601/tcp inet 127.0.0.1 ended",
  "601/tcp inet 127.0.0.1 listening parent child",
  ...INACTIVE,
  "604/tcp inet6 :: listening parent",
  "604/tcp inet6 ::ffff:127.0.0.1 connected parent",
  "605/udp inet 127.0.0.2 bound parent",
  "606/udp inet 127.0.0.1 connected parent",
  "607/udp inet6 :: bound parent",
  "608/udp inet6 ::1 connected parent",
  "609/tcp inet 127.0.0.1 connected parent",
  "610/tcp inet 127.0.0.1 connected parent",
  "611/tcp inet6 ::1 ended",
  "1023/udp inet 0.0.0.0 bound parent",
];
const TABLES = ALL.filter((line) => !INACTIVE.includes(line));
const DIAG = listsInactive ? ALL : TABLES;

function kernelIsAtLeast(major: number, minor: number): boolean {
  const [first = 0, second = 0] = release().split(".").map(Number);
  return first > major || (first === major && second >= minor);
}

/** What `ss` says of the same network: protocol, local address and port, and its owners. */
function ssLines(stdout: string): string[] {
  return stdout.split("\n").flatMap((line) => {
    const [, protocol, state, local = ""] = /^(tcp|udp)\s+(\S+)\s+\d+\s+\d+\s+(\S+)/.exec(line) ?? [];
    const port = Number(local.slice(local.lastIndexOf(":") + 1));
    const pids = [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid)).sort((a, b) => a - b);
    return protocol === undefined || port > 1023 || state === "SYN-RECV"
      ? []
      : [`${port}/${protocol} ${pids.join(" ")}`];
  });
}

describe.skipIf(reason !== undefined)(named("sockets with a privileged port", reason), () => {
  test("are all found, in order, with their state and every holder, in both lists and as ss finds them", async () => {
    const seen = await observe(`scene sh -c 'ss -Htuanp; exec ${COMMAND}'`);
    const { diag, tables, stdout } = seen;
    expect(lines(diag.sockets, stdout)).toEqual(DIAG);
    expect(lines(tables.sockets, stdout)).toEqual(TABLES);
    expect([diag.source, tables.source]).toEqual(["sock_diag", "tables"]);

    const inTables = new Set(tables.sockets.map((socket) => JSON.stringify(socket)));
    const known = diag.sockets.filter((socket) => !inTables.has(JSON.stringify(socket)));
    expect(lines(known, stdout)).toEqual(listsInactive ? INACTIVE : []);

    const ours = tables.sockets.map(
      ({ port, protocol, holders }) => `${port}/${protocol} ${String(holders).replaceAll(",", " ")}`,
    );
    expect(ssLines(stdout).sort()).toEqual(ours.sort());
  });

  test("of the kernel have no holder", async () => {
    const { diag, tables, stdout } = await observe(`
ip link add vx0 type vxlan id 1 dstport 665 local 127.0.0.1 dev lo && ip link set vx0 up
observe`);
    expect(lines(diag.sockets, stdout)).toEqual(["665/udp inet 0.0.0.0 bound"]);
    expect(tables.sockets).toEqual(diag.sockets);
    expect(diag.sockets[0]?.holders).toEqual([]);
  });

  const noStrace = skipReason("strace");
  test.skipIf(noStrace !== undefined)(
    named("are taken from the tables where netlink is refused", noStrace),
    async () => {
      const { diag, stdout } = await observe(
        `scene strace -f -qq -o /dev/null -e trace=socket -e inject=socket:error=EPERM ${COMMAND}`,
      );
      expect([diag.source, lines(diag.sockets, stdout)]).toEqual(["tables", TABLES]);
    },
  );

  test("of processes that nobody named are found too, since they may have begun meanwhile", async () => {
    const { diag, stdout } = await observe(`export NO_PIDS=1; scene ${COMMAND}`);
    expect(lines(diag.sockets, stdout)).toEqual(DIAG);
  });

  test("belong to a process whose first thread has ended", async () => {
    const { diag, stdout } = await observe(`python3 -c '
import ctypes, os, socket, subprocess, sys, threading, time
one = socket.socket(); one.bind(("127.0.0.1", 612)); one.listen()
def later():
    while "Z" not in open("/proc/%d/stat" % os.getpid()).read(): time.sleep(0.01)
    print("pids %d 0" % os.getpid(), flush=True)
    os._exit(subprocess.run(sys.argv[1:]).returncode)
threading.Thread(target=later).start()
ctypes.CDLL(None).pthread_exit(None)' ${COMMAND}`);
    expect(lines(diag.sockets, stdout)).toEqual(["612/tcp inet 127.0.0.1 listening parent"]);
  });

  const unprivileged = `setpriv --reuid 65534 --regid 65534 --clear-groups`;
  test("of others are found by an ordinary user, who is told that the holders cannot be seen", async () => {
    const { diag, stdout } = await observe(`scene ${unprivileged} ${COMMAND}`);
    const live = DIAG.map((line) =>
      line.replace(/ parent.*/, " (N processes of other users could not be looked into)"),
    );
    expect(lines(diag.sockets, stdout).map((line) => line.replace(/\(\d+ /, "(N "))).toEqual(live);
    const unseen = diag.sockets.flatMap(({ holders }) => ("unseen" in holders ? [holders.rootWould] : []));
    expect(new Set(unseen)).toEqual(new Set([true]));
  });

  test("have unseen holders, not none, where other users' processes are hidden", async () => {
    const { diag, stdout } = await observe(`mount -o remount,hidepid=2 /proc
scene ${unprivileged} ${COMMAND}`);
    expect(lines(diag.sockets, stdout)).toContain(
      "605/udp inet 127.0.0.2 bound (the processes of other users are hidden here)",
    );
  });
});

describe.skipIf(reason !== undefined)(named("every process that can hold a socket is seen", reason), () => {
  const look = (...prefix: readonly string[]): string => {
    const url = path.join(path.dirname(MAIN), "observe", "processes", "read-visibility.js");
    const code = `console.log((await import(${JSON.stringify(url)})).seesEveryProcess())`;
    const [command = "", ...args] = [...prefix, NODE, "--input-type=module", "-e", code];
    return spawnSync(command, args, { encoding: "utf8" }).stdout.trim();
  };
  const inPidNamespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];

  test("in a container with a network of its own, not in one that shares the network it is in", () => {
    expect(look(...inPidNamespace, "--net")).toBe("true");
    expect(look("unshare", "--net")).toBe("true");
    // Where the tests themselves are in a container, its network is no more the host's.
    const initial = existsSync("/proc/sys/net/core/netdev_max_backlog");
    expect(look(...inPidNamespace)).toBe(String(!initial));
  });
});
