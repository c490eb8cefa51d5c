// The addon's look at sockets of other processes, by copies of their descriptors.
import { type ChildProcess, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, expect, test } from "vitest";
import { native } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";

const CLIENT = `
const socket = require("node:dgram").createSocket({ type: "udp4", reuseAddr: process.argv[1] === "shared" });
socket.bind(0, "127.0.0.1", () => console.log(socket.address().port));
`;
// Others may be kept by Yama from looking even into what this process has started.
const reason = skipReason("root");
const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

async function startOwner(how: "shared" | "alone"): Promise<{ pid: number; port: number }> {
  const child = spawn(process.execPath, ["-e", CLIENT, how], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const port = await new Promise<number>((resolve) => child.stdout?.once("data", (text) => resolve(Number(text))));
  return { pid: child.pid as number, port };
}

/** The descriptors of a process that are sockets, and their inodes. */
function socketsOf(pid: number): readonly { fd: number; inode: number }[] {
  return Array.from({ length: 64 }, (_, fd) => fd).flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [{ fd, inode: Number(inode) }];
    } catch {
      return [];
    }
  });
}

function boundSocketOf(pid: number, port: number) {
  return socketsOf(pid)
    .map((place) => ({ ...place, socket: native().readOtherSockets(pid, [place])[0] }))
    .find(({ socket }) => socket?.port === port);
}

test.skipIf(reason !== undefined)(
  named("the flag with which a socket of another process shares its port is seen, and can be given to it", reason),
  async () => {
    const shared = await startOwner("shared");
    const alone = await startOwner("alone");
    expect(boundSocketOf(shared.pid, shared.port)?.socket).toEqual({
      family: 2,
      protocol: 17,
      port: shared.port,
      reuseAddress: true,
      reusePort: false,
      listens: false,
      interfaceIndex: 0,
    });
    const found = boundSocketOf(alone.pid, alone.port);
    expect(found?.socket?.reuseAddress).toBe(false);
    const { fd, inode } = found as NonNullable<typeof found>;
    expect(native().shareOtherSocket(alone.pid, fd, inode + 1)).toBe(false);
    expect(native().shareOtherSocket(alone.pid, fd, inode)).toBe(true);
    expect(boundSocketOf(alone.pid, alone.port)?.socket?.reuseAddress).toBe(true);
  },
);

test.skipIf(reason !== undefined)(
  named("a listening socket is one, and what is no socket, or another one, is none", reason),
  async () => {
    const server = createServer().listen(0, "::1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const found = boundSocketOf(process.pid, port);
    expect(found?.socket).toMatchObject({ family: 10, protocol: 6, listens: true, reuseAddress: true });
    const { fd, inode } = found as NonNullable<typeof found>;
    const others = [
      { fd, inode: inode + 1 },
      { fd: 1_000_000, inode },
      { fd: 0, inode },
    ];
    expect(native().readOtherSockets(process.pid, [...others, { fd, inode }])).toEqual([
      undefined,
      undefined,
      undefined,
      found?.socket,
    ]);
    expect(native().readOtherSockets(process.pid, [])).toEqual([]);
    expect(() => native().readOtherSockets(2 ** 30, others)).toThrowError(expect.objectContaining({ code: "ESRCH" }));
    server.close();
  },
);
