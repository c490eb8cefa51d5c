// rpc.statd, which takes one UDP socket on the loopback address through bindresvport().
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { COVERS } from "../support/sandbox.ts";
import { playRpc } from "./rpc.ts";

const SCRIPT = `thief rpc.statd -F --no-notify 2>/dev/null &
until_works registered 100024
privileged
owner
rpcinfo -u 127.0.0.1 100024 2>&1
rpcinfo -t 127.0.0.1 100024 2>&1
`;
const serving = "program 100024 version 1 ready and waiting\n";

const reason = skipReason(
  "root",
  { program: "rpcbind", package: "rpcbind" },
  { program: "rpc.statd", package: "nfs-common" },
  { program: "ss", package: "iproute2" },
);

describe.skipIf(reason !== undefined)(named("NFS status", reason), () => {
  describe("rpc.statd", () => {
    test("without the shim takes 631/udp, and its owner cannot", async () => {
      const { stdout } = await playRpc("nothing", SCRIPT);
      expect(stdout).toBe(
        `udp 127.0.0.1:631\nowner tcp {"port":631}\nowner udp {"error":"EADDRINUSE"}\n${serving}${serving}`,
      );
    });

    test.each(COVERS)("with the shim through %s takes another port, serves, and the owner gets 631", async (cover) => {
      const { stdout } = await playRpc(cover, SCRIPT);
      expect(stdout).toBe(`udp 127.0.0.1:632\nowner tcp {"port":631}\nowner udp {"port":631}\n${serving}${serving}`);
    });
  });
});
