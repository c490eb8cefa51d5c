// A port in TIME_WAIT: nobody holds it, and nobody can take it. In a network of its own.
import { expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { ctl } from "../support/cli.ts";

/** Connects from 700 and closes first; says whether an allocator's bind() would get 700 and 701, then becomes the command. */
const SCENE = `
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
server = socket.create_server(("127.0.0.1", 4000))
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
client.bind(("127.0.0.1", 700))
client.connect(("127.0.0.1", 4000))
peer, _ = server.accept()
client.close()
peer.recv(1)
peer.close()
def taken(port):
    with socket.socket() as one:
        try: one.bind(("0.0.0.0", port))
        except OSError: return "taken"
        return "free"
print(taken(700), taken(701), flush=True)
os.execvp(sys.argv[1], sys.argv[1:])
`;
const noRoot = skipReason("root");

test.skipIf(noRoot !== undefined)(
  named("is no free port in map and lookup, and is not left to hand out", noRoot),
  () => {
    const run = (args: readonly string[]): string => {
      const { stdout } = ctl(args, {
        under: ["unshare", "-n", "python3", "-c", SCENE],
      });
      return stdout;
    };
    const [binds, document] = run(["map", "--json"]).split("\n");
    expect(binds).toBe("taken free");
    const { tcp, left } = JSON.parse(document ?? "") as { tcp: string; left: { tcp: number } };
    expect([tcp[700 - 512], tcp[701 - 512]]).toEqual(["t", tcp[702 - 512]]);
    expect(left.tcp).toBe([...tcp].filter((cell) => cell === ".").length);
    expect(run(["lookup", "700/tcp"])).toContain("held by nobody, until the kernel forgets a connection that ended");
  },
);
