// The NIS daemons, which take four listening sockets each through bindresvport_sa(), and their clients.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { COVERS } from "../support/sandbox.ts";
import { NIS_NEEDS, playNis as nis } from "./rpc.ts";

/**
 * Starts a daemon, waits until rpcbind knows it, and asks it over UDP and TCP; after the owner had its turn, because
 * rpcinfo takes privileged ports itself, and which ones depends on its own process id.
 */
const serve = (program: number, command: string): string => `thief ${command} &
until_works registered ${program}
privileged
owner
rpcinfo -u 127.0.0.1 ${program} 2>&1
rpcinfo -t 127.0.0.1 ${program} 2>&1
`;

const sockets = (...rows: readonly string[]): string => rows.map((row) => `${row}\n`).join("");
const taken = 'owner tcp {"error":"EADDRINUSE"}\nowner udp {"error":"EADDRINUSE"}\n';
const free = 'owner tcp {"port":631}\nowner udp {"port":631}\n';

const reason = skipReason(...NIS_NEEDS);

describe.skipIf(reason !== undefined)(named("NIS", reason), () => {
  describe.each([
    { name: "ypserv", command: "ypserv -f", program: 100004, versions: [1, 2] },
    { name: "rpc.yppasswdd", command: "rpc.yppasswdd -f", program: 100009, versions: [1] },
    { name: "rpc.ypxfrd", command: "rpc.ypxfrd -f", program: 600100069, versions: [1] },
  ])("$name", ({ command, program, versions }) => {
    const serving = versions.map((version) => `program ${program} version ${version} ready and waiting\n`).join("");

    test("without the shim takes 631 for TCP and UDP, and its owner cannot", async () => {
      const { stdout } = await nis("nothing", serve(program, command));
      expect(stdout).toBe(
        sockets("tcp *:632", "tcp 0.0.0.0:631", "udp *:632", "udp 0.0.0.0:631") + taken + serving + serving,
      );
    });

    test.each(COVERS)("with the shim through %s takes other ports, serves, and the owner gets 631", async (cover) => {
      const { stdout } = await nis(cover, serve(program, command));
      expect(stdout).toBe(
        sockets("tcp *:635", "tcp 0.0.0.0:633", "udp *:634", "udp 0.0.0.0:632") + free + serving + serving,
      );
    });
  });

  describe("ypserv -p 834", () => {
    const served = "program 100004 version 1 ready and waiting\nprogram 100004 version 2 ready and waiting\n";

    test("without the shim gets 834 for IPv4", async () => {
      const { stdout } = await nis("nothing", serve(100004, "ypserv -f -p 834"));
      expect(stdout).toBe(
        sockets("tcp *:835", "tcp 0.0.0.0:834", "udp *:835", "udp 0.0.0.0:834") + free + served + served,
      );
    });

    test.each([
      { cover: "LD_PRELOAD", reserved: [631] },
      { cover: "LD_PRELOAD", reserved: [631, 834] },
      { cover: "preload list", reserved: [631, 834] },
    ] as const)("with the shim through $cover and $reserved reserved still gets 834", async ({ cover, reserved }) => {
      const { stdout } = await nis(cover, serve(100004, "ypserv -f -p 834"), reserved);
      expect(stdout).toBe(
        sockets("tcp *:633", "tcp 0.0.0.0:834", "udp *:632", "udp 0.0.0.0:834") + free + served + served,
      );
    });
  });

  describe("ypbind", () => {
    // Its threads ping the server through privileged ports of their own, which moves the ports of its listening sockets.
    const script = `"$PIDEXEC" --pid 700 -- ypserv -f &
until_works registered 100004
thief ypbind -n &
until_works registered 100007
# The socket of a ping is there for a moment only.
four() { found=$(privileged); [ "$(echo "$found" | wc -l)" = 4 ]; }
until_works four
echo "$found"
owner
until_works ypwhich
ypwhich
ypmatch kim passwd.byname
ypcat passwd.byname
rpcinfo -u 127.0.0.1 100007 2>&1
`;
    const answers = `127.0.0.1
kim:x:1001:1001:Kim:/home/kim:/bin/sh
kim:x:1001:1001:Kim:/home/kim:/bin/sh
program 100007 version 1 ready and waiting
program 100007 version 2 ready and waiting
program 100007 version 3 ready and waiting
`;
    /** Its sockets of IPv6 are of IPv4 too, or now and then not, and then have the same port: as it comes. */
    const others = (text: string): string => {
      const lines = text.replace(/:(?:6[3-9]\d)$/gm, (port) => (port === ":631" ? port : ":another")).split("\n");
      const taken = lines.slice(0, 4).map((line) => line.replace(/ (?:\*|\[::\]):\w+$/, " *:another"));
      return [...taken.sort(), ...lines.slice(4)].join("\n");
    };

    test("without the shim takes 631 for TCP and UDP, and its owner cannot", async () => {
      const { stdout } = await nis("nothing", script);
      expect(others(stdout)).toBe(
        sockets("tcp *:another", "tcp 0.0.0.0:631", "udp *:another", "udp 0.0.0.0:631") + taken + answers,
      );
    });

    test.each(COVERS)(
      "with the shim through %s binds the domain on other ports, and the owner gets 631",
      async (cover) => {
        const { stdout } = await nis(cover, script);
        expect(stdout).not.toMatch(/^(tcp|udp) .*:631$/m);
        expect(others(stdout)).toBe(
          sockets("tcp *:another", "tcp 0.0.0.0:another", "udp *:another", "udp 0.0.0.0:another") + free + answers,
        );
      },
    );
  });
});
