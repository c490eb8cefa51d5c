// verify --pid: the proof is made in the root and the mounts of the process, whatever they are, and says no without the shim in them.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseStat } from "../../src/observe/processes/stat.ts";
import { imageOf } from "../install/image.ts";
import { named, skipReason } from "../support/can.ts";
import { ctl } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { noHost, onHost } from "../support/host.ts";

const notHere = await noHost();
const HERE = "test/coverage/zoo-programs";

/** `hold NAME COMMAND…` waits until the holder has its port, and verifies it. */
const SCRIPT = `
step install ctl install
hold() {
  name=$1; shift
  "$@" >"$SCRATCH/$name" & pid=$!
  until grep -qs holds "$SCRATCH/$name"; do sleep 0.02; done
  step $name ctl verify --pid $pid
  echo "pid-$name $pid ="
}
jail() {
  cp -a "$IMAGE" "$1"; chown -R 0:0 "$1"; cp "$HOLDER" "$1/holder"
  mkdir "$1/proc"; mount --bind /proc "$1/proc"
}
cp "$HOLDER" /usr/local/bin/holder
jail /run/bare
hold bare chroot /run/bare /holder
jail /run/jail
step inside ctl install --root /run/jail
hold own chroot /run/jail /holder
echo 632 >/run/jail/etc/portreserve/other
step otherwise ctl compile --root /run/jail
hold other chroot /run/jail /holder
mount --bind /etc/portreserve.table /run/jail/etc/portreserve.table
hold shared chroot /run/jail /holder
hold hidden unshare -m sh -c 'mount --bind /dev/null /etc/ld.so.preload; exec holder'
hold mounts unshare -m holder
true & wait $!; step dead ctl verify --pid $!
echo "pid-dead $! ="
step first ctl verify --pid 1
step zero ctl verify --pid 0 --json
`;

const GOOD = "x86_64  good  6 functions in 23 runs: every port from 512 to 1023 but the reserved ones";
/** By libc, which has no functions of libtirpc's and libgssrpc's. */
const bad = (libc: string): string => {
  const failed = (fault: string): string => `x86_64  failed  ${fault}: bindresvport, rresvport, rresvport_af`;
  return `${failed(`comes from '${libc}', not from the shim`)}\n${failed("handed out what is reserved: 631")}`;
};

describe.skipIf(notHere !== undefined)(named("verify --pid", notHere), () => {
  test("holds in another root and in other mounts with the shim and the table, and fails there without", async () => {
    const holder = compileC([`${HERE}/take-bindresvport.c`, `${HERE}/holder.c`]);
    const step = await onHost(SCRIPT, { environment: { HOLDER: holder, IMAGE: imageOf() } });
    expect([step("install").status, step("inside").status]).toEqual([0, 0]);
    const says = (name: string): string => {
      const { status, stdout, stderr } = step(name);
      const pid = step(`pid-${name}`).status;
      return `${status}\n${stdout}${stderr}`
        .replaceAll(`process ${pid}`, "process PID")
        .replace(`  ${pid}  `, "  PID  ");
    };
    const proof = (state: string): string => `proof: ${state}, in the environment of process PID, in a namespace`;
    const ELSEWHERE = "holder  PID  bindresvport  not covered: in another root (container, chroot)";
    expect(says("bare")).toBe(`1
process PID: not covered (1 allocator, the proof failed)
${ELSEWHERE} → install in that root too
${proof("failed")}
${bad("/usr/lib/x86_64-linux-gnu/libc.so.6")}
`);
    const covered = `0\nprocess PID: covered (1 allocator, proved)\n${proof("good")}\n${GOOD}\n`;
    // Its table is another file, and reserves the same.
    expect(says("own")).toBe(covered);
    expect(step("otherwise").status).toBe(0);
    expect(says("other")).toContain(
      `${ELSEWHERE}, which has another table → install in that root too, with this host's reservations\nproof: `,
    );
    expect(says("shared")).toBe(covered);
    expect(says("hidden")).toBe(`1
process PID: not covered (1 allocator, the proof failed)
holder  PID  bindresvport  not covered: the loader did not load the shim → run its program by hand with LD_DEBUG=libs to see why
${proof("failed")}
${bad("/lib/x86_64-linux-gnu/libc.so.6")}
`);
    expect(says("mounts")).toBe(covered);

    expect(says("dead")).toBe("2\nportreservectl: error: there is no process PID\nhint: 'ps -e' lists the processes\n");
    expect(step("first")).toEqual({
      status: 0,
      stdout: `process 1: covered (0 allocators, proved)\nproof: good, in the environment of process 1, in a namespace\n${GOOD}\n`,
      stderr: "",
    });
    expect(JSON.parse(step("zero").stdout)).toEqual({
      schemaVersion: 1,
      command: "verify",
      outcome: "usage",
      exitCode: 2,
      diagnostics: [],
      messages: [{ severity: "error", message: "'0' is not the id of a process", hint: "write a number" }],
    });
  });
});

const thread = readdirSync("/proc")
  .filter((name) => /^\d+$/.test(name))
  .find((pid) => {
    try {
      return parseStat(readFileSync(`/proc/${pid}/stat`))?.isKernelThread;
    } catch {
      return false;
    }
  });
const noThread = skipReason("root") ?? (thread === undefined ? "a container shows no kernel threads" : undefined);

test.skipIf(noThread !== undefined)(named("verify --pid of a kernel thread is refused by name", noThread), () => {
  expect(ctl(["verify", "--pid", thread ?? ""])).toEqual({
    status: 2,
    stdout: "",
    stderr:
      `portreservectl: error: process ${thread} is a kernel thread, which runs no program\n` +
      "hint: 'portreservectl status' tells which ports the kernel itself takes\n",
  });
});
