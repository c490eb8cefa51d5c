// The shim on a kernel with all of Debian's modules: sockets of protocols that this host's kernel may lack, and a program
// that criu puts away and brings back while the table changes.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { native } from "../../src/core/native.ts";
import { program } from "../stress/scene.ts";
import { EACH_TABLE, STRAITS_PARTS } from "../stress/straits-cases.ts";
import { named } from "../support/can.ts";
import { THIEF_PID, tableOf } from "../support/sandbox.ts";
import { record } from "./evidence.ts";
import { bootMachine, type Machine, PROJECT } from "./machine.ts";
import { noMachine } from "./support.ts";

const notHere = noMachine();
const SHIM = `${PROJECT}/build/Release/libportreserve.so`;
const PIDEXEC = `${PROJECT}/build/Release/portreserve-pidexec`;

describe.skipIf(notHere !== undefined)(named("the shim on Debian's generic kernel", notHere), () => {
  let machine: Machine;
  const put = (file: string, bytes: Uint8Array, mode = "644"): Promise<string> =>
    machine.output(`base64 -d <<'END' | gunzip >${file} && chmod ${mode} ${file}
${gzipSync(bytes).toString("base64")}
END`);
  beforeAll(async () => {
    machine = await bootMachine({ release: "bookworm", kernel: "generic" });
    const straits = program("straits", "glibc", STRAITS_PARTS);
    await put("/root/straits", readFileSync(straits), "755");
    await put("/root/first.table", tableOf(631, 633));
    await put("/root/next.table", tableOf(637));
    await put("/etc/retired.mark", native().retiredMark);
    // Debian's kernels load only some of them by themselves.
    await machine.output("modprobe --all sctp dccp_ipv4 smc");
  });
  afterAll(() => machine?.stop());

  /** Tables as they are at first, and the command that runs the program, with the shim or without. */
  const start = (by: "shim" | "glibc", words: string): string => `cp /root/first.table /etc/portreserve.table
cp /root/next.table /etc/next.table
${PIDEXEC} --pid ${THIEF_PID} -- env ${by === "shim" ? `LD_PRELOAD=${SHIM} ` : ""}/root/straits bindresvport ${words}`;

  test.each(["sctp", "dccp", "smc", "udplite", "mptcp"])("a socket of %s obeys each table", async (protocol) => {
    const call = async (by: "shim" | "glibc"): Promise<string> =>
      (await machine.output(start(by, `kind:${protocol} ${EACH_TABLE.join(" ")}`))).trim().split("\n").join(" ");
    expect(await call("shim")).toBe("632 634 635 636 638");
    expect(await call("glibc"), "control").toBe("631 632 633 634 635");
  });

  test("a program that criu brings back after a compile has the reservations of before until the next, as is documented", async (context) => {
    const around = async (by: "shim" | "glibc", between: string): Promise<string> => {
      const script = `rm -rf /run/criu /run/go /run/said; mkdir /run/criu
(${start(by, "call wait:/run/go call call newtable call call")}) </dev/null >/run/said 2>&1 &
until [ -s /run/said ]; do sleep 0.1; done
criu dump --tree ${THIEF_PID} --images-dir /run/criu --shell-job >/run/criu/said 2>&1 || { cat /run/criu/said; exit 1; }
wait
${between}
criu restore --images-dir /run/criu --shell-job >/run/criu/said 2>&1 & restored=$!
until [ -e /proc/${THIEF_PID} ] || [ ! -e /proc/$restored ]; do sleep 0.1; done
touch /run/go
wait $restored || { cat /run/criu/said; exit 1; }
cat /run/said`;
      return (await machine.output(script)).trim().split("\n").join(" ");
    };
    const compiled =
      "cp /root/other.table /etc/portreserve.table.new; mv /etc/portreserve.table.new /etc/portreserve.table";
    await put("/root/other.table", tableOf(634, 636));
    expect(await around("glibc", compiled), "control").toBe("631 632 633 634 635");
    const found = await around("shim", compiled);
    // 634 is reserved in the table in force: criu maps that in the place of the one that the program has read.
    expect(found).toBe("632 634 635 636 638");
    await record(context, machine, { control: "631, then 632 633 634 635", result: found });
  });
});
