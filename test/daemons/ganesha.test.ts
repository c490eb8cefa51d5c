// nfs-ganesha, whose own RPC library (ntirpc) takes privileged ports for its calls to rpcbind and rpc.statd.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { COVERS } from "../support/sandbox.ts";
import { playRpc } from "./rpc.ts";

const CONFIGURATION = `NFS_CORE_PARAM { Protocols = 3; Enable_NLM = true; Enable_RQUOTA = false; }
EXPORT { Export_Id = 1; Path = /srv; Pseudo = /srv; Protocols = 3; Access_Type = RO; FSAL { Name = VFS; } }
`;

/** The calls end soon, but leave their port in TIME-WAIT for a minute, which keeps a plain bind() away. */
const SCRIPT = `mkdir -p /run/ganesha /var/lib/nfs/ganesha
"$PIDEXEC" --pid 13 -- rpc.statd -F --no-notify 2>/dev/null &
until_works registered 100024
thief ganesha.nfsd -F -f /etc/ganesha.conf -L "$SCRATCH/log" -N EVENT 2>/dev/null &
until_works registered 100005
until_works grep -q 'NFS SERVER INITIALIZED' "$SCRATCH/log"
both_ended() { [ "$(ss -Htan state time-wait | wc -l)" -ge 2 ]; }
until_works both_ended
ss -Htan state time-wait | awk '{ print $3 " to " ($4 ~ /:111$/ ? "rpcbind" : "rpc.statd") }' | LC_ALL=C sort
sockets "$THIEF" | grep 2049
owner
showmount -e 127.0.0.1
`;
const etc = { "ganesha.conf": CONFIGURATION };
const exports = "Export list for 127.0.0.1:\n/srv (everyone)\n";

const reason = skipReason(
  "root",
  { program: "rpcbind", package: "rpcbind" },
  { program: "rpc.statd", package: "nfs-common" },
  { program: "ganesha.nfsd", package: "nfs-ganesha" },
  { program: "showmount", package: "nfs-common" },
  { program: "ss", package: "iproute2" },
);

describe.skipIf(reason !== undefined)(named("the NFS server in user space", reason), () => {
  describe("nfs-ganesha", () => {
    test("without the shim takes 631/tcp for its calls, and its owner cannot", async () => {
      const { stdout } = await playRpc("nothing", SCRIPT, { etc });
      expect(stdout).toBe(
        `127.0.0.1:631 to rpcbind
127.0.0.1:632 to rpc.statd
tcp *:2049
udp *:2049
owner tcp {"error":"EADDRINUSE"}
owner udp {"port":631}
${exports}`,
      );
    });

    test.each(COVERS)(
      "with the shim through %s calls from other ports, serves, and the owner gets 631",
      async (cover) => {
        const { stdout } = await playRpc(cover, SCRIPT, { etc });
        expect(stdout).toBe(
          `127.0.0.1:632 to rpcbind
127.0.0.1:633 to rpc.statd
tcp *:2049
udp *:2049
owner tcp {"port":631}
owner udp {"port":631}
${exports}`,
        );
      },
    );
  });
});
