// The pure parts of the demo: which process id asks for a port first, and what the kernel's tables say.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pidAskingFirstFor } from "../../src/commands/demo/first-port.ts";
import { judgeScene, readScene } from "../../src/commands/demo/scene.ts";
import { socketsOf } from "../../src/commands/demo/sockets.ts";

test("the process id for a port makes libc begin at it, and is one that every kernel allows", () => {
  expect(pidAskingFirstFor(631)).toBe(21231);
  fc.assert(
    fc.property(fc.integer({ min: 600, max: 1023 }), (port) => {
      const pid = pidAskingFirstFor(port);
      expect(600 + (pid % 424)).toBe(port);
      expect(pid >= 21_000 && pid < 32_768).toBe(true);
    }),
  );
});

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            
 1143: 0100007F:0277 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5501 2 00000000a5b0f7a6 0         
 1144: 00000000:006F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5502 2 00000000a5b0f7a7 0         
`;
const UDP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1143: 00000000000000000000000000000000:0278 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5503 2 00000000a5b0f7a8 0
 1143: 00000000000000000000000001000000:0279 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5504 2 00000000a5b0f7a8 0
`;

test("a table gives the sockets with the inodes asked for, and no others", () => {
  expect(socketsOf(UDP, "udp", "inet", new Set(["5501", "77"]))).toEqual([
    { protocol: "udp", family: "inet", address: "127.0.0.1", port: 631 },
  ]);
  expect(socketsOf(UDP6, "udp", "inet6", new Set(["5503", "5504"]))).toEqual([
    { protocol: "udp", family: "inet6", address: "*", port: 632 },
    { protocol: "udp", family: "inet6", address: "[::1]", port: 633 },
  ]);
  expect(socketsOf("", "tcp", "inet", new Set(["5501"]))).toEqual([]);
});

const scene = (udpOwner: string): string => `== executable
/usr/sbin/rpc.statd
== inodes
5501
== net tcp
== net tcp6
== net udp
${UDP}== net udp6
${UDP6}== owner tcp
{"port":631}
== owner udp
${udpOwner}
== answers
program 100024 version 1 ready and waiting
`;

describe("a scene", () => {
  const reserved = { tcp: [631], udp: [631] };

  test("with the process on the reserved port and its owner refused is a theft", () => {
    const result = readScene(scene('{"error":"EADDRINUSE"}'));
    const socket = { protocol: "udp", family: "inet", address: "127.0.0.1", port: 631 };
    expect(result).toEqual({
      kind: "played",
      scene: {
        executable: "/usr/sbin/rpc.statd",
        sockets: [socket],
        owner: { tcp: { port: 631 }, udp: { error: "EADDRINUSE" } },
        answers: ["program 100024 version 1 ready and waiting"],
      },
    });
    if (result.kind !== "played") throw new Error("not played");
    expect(judgeScene(result.scene, 631, reserved)).toEqual({ stolen: [socket], ownerServed: false });
    expect(judgeScene(result.scene, 631, { tcp: [631], udp: [] })).toEqual({ stolen: [], ownerServed: false });
  });

  test("whose owner got another port did not serve its owner", () => {
    const result = readScene(scene('{"port":632}'));
    if (result.kind !== "played") throw new Error("not played");
    expect(judgeScene(result.scene, 631, reserved).ownerServed).toBe(false);
  });

  test("that failed says why on one line", () => {
    expect(readScene("== failed\nit did not start\nrpc.statd: no such user\n")).toEqual({
      kind: "failed",
      reason: "it did not start; rpc.statd: no such user",
    });
  });

  test("with a part missing is a bug, not a verdict", () => {
    expect(() => readScene("== executable\n/bin/true\n")).toThrow("the scene has no section 'inodes'");
    expect(() => readScene("")).toThrow("the scene has no section");
    expect(() => readScene(scene("{}"))).toThrow("not an answer of the probe");
  });
});
