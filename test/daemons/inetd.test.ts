// openbsd-inetd, which passes IPv4 and IPv6 addresses to glibc's bindresvport() for its RPC services.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { COVERS } from "../support/sandbox.ts";
import { playRpc } from "./rpc.ts";

/** An RPC service over UDP and one over TCP, and an ordinary one that must be left alone. */
const CONFIGURATION = `rstatd/1 dgram rpc/udp wait root /bin/cat cat
walld/1 stream rpc/tcp nowait root /bin/echo echo hello from inetd
daytime stream tcp nowait root internal
`;

const SCRIPT = `listening() { ss -Hltn | awk -v address="$1" '$4 == address { found = 1 } END { exit !found }'; }
thief inetd -i /etc/inetd.conf &
until_works listening '[::]:13'
privileged
port=$(rpcinfo -p | awk '$1 == 100008 { print $4 }')
bash -c 'read -r line < /dev/tcp/127.0.0.1/'"$port"'; echo "$line"'
bash -c 'read -r line < /dev/tcp/127.0.0.1/13; echo "$line"' | grep -c :
owner
`;
const etc = { "inetd.conf": CONFIGURATION };

const reason = skipReason(
  "root",
  { program: "rpcbind", package: "rpcbind" },
  { program: "inetd", package: "openbsd-inetd" },
  { program: "ss", package: "iproute2" },
);

describe.skipIf(reason !== undefined)(named("the internet superserver", reason), () => {
  describe("openbsd-inetd", () => {
    test("without the shim takes 631 for TCP and UDP, and its owner cannot", async () => {
      const { stdout } = await playRpc("nothing", SCRIPT, { etc });
      expect(stdout).toBe(`tcp *:632
tcp 0.0.0.0:13
tcp 0.0.0.0:631
tcp [::]:13
udp *:631
udp 0.0.0.0:631
hello from inetd
1
owner tcp {"error":"EADDRINUSE"}
owner udp {"error":"EADDRINUSE"}
`);
    });

    test.each(COVERS)("with the shim through %s takes other ports, answers, and the owner gets 631", async (cover) => {
      const { stdout } = await playRpc(cover, SCRIPT, { etc });
      expect(stdout).toBe(`tcp *:635
tcp 0.0.0.0:13
tcp 0.0.0.0:634
tcp [::]:13
udp *:633
udp 0.0.0.0:632
hello from inetd
1
owner tcp {"port":631}
owner udp {"port":631}
`);
    });
  });
});
