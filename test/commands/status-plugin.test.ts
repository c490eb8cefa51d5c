// status --nagios on a real host: fresh, covered, stolen and seen by an ordinary user; and whatever may go wrong, it has one of four exit codes.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { asNobody, ctl, node, scratch, start } from "../support/cli.ts";
import { noHost, onHost } from "../support/host.ts";
import { parsePlugin } from "../support/plugin.ts";
import { MAIN } from "../support/stage/stage.ts";

const reason = await noHost();
describe.skipIf(reason !== undefined)(named("on a host", reason), () => {
  test("says what is so before install, after it, after a theft, and to an ordinary user", async () => {
    const step = await onHost(`
step fresh ctl status --nagios
step freshNobody nobody "$NODE" "$MANAGER" status --nagios
step compile ctl compile
background "$SCRATCH/took" thief "$PROBE" --symbol bindresvport --protocol tcp --hold
until_works grep -q 631 "$SCRATCH/took"
step stolen ctl status --nagios
step text ctl status
kill "$THIEF"; wait
step install ctl install
# What nobody can judge, such as programs in Go, is not on this host.
ctl status --json | "$NODE" -e '
  const { allocators } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  for (const { program, verdict } of allocators) if (verdict !== "covered") require("fs").unlinkSync(program);'
step healthy ctl status --nagios
step nobody nobody "$NODE" "$MANAGER" status --nagios
echo 700 sctp >>/etc/portreserve/cups
step rejected ctl status --nagios
`);
    const said = (name: string) => {
      const { status, stdout, stderr } = step(name);
      return { status, stderr, ...parsePlugin(stdout) };
    };
    const hint = /-> .*portreservectl.* install$/;
    expect(said("fresh")).toMatchObject({ status: 1, stderr: "", state: "WARNING" });
    expect(said("fresh").summary).toMatch(/^preload: not installed/);
    expect(said("fresh").details[0]).toMatch(hint);
    expect(said("freshNobody")).toMatchObject({ status: 1, stderr: "", state: "WARNING" });

    expect(said("stolen")).toMatchObject({ status: 2, stderr: "", state: "CRITICAL", data: { stolen: { value: 1 } } });
    expect(said("stolen").summary).toMatch(/^1 port stolen: 631\/tcp/);
    expect(said("stolen").details[0]).toMatch(/^631\/tcp, reserved for cups: stolen by portreserve-probe \d+$/);
    // The control: status itself has no opinion.
    expect(step("text")).toMatchObject({ status: 0, stdout: expect.stringContaining("STOLEN") });

    expect(step("install")).toMatchObject({ status: 0, stderr: "" });
    expect(said("healthy")).toMatchObject({ status: 0, stderr: "", state: "OK" });
    expect(said("healthy").summary).toMatch(
      /^2 ports reserved for 1 service, \d+ allocators? covered, nothing stolen$/,
    );
    expect(said("healthy").data).toMatchObject({ stolen: { value: 0 }, reserved: { value: 2 } });
    expect(said("nobody")).toMatchObject({ status: 3, stderr: "", state: "UNKNOWN" });
    expect(said("nobody").details[0]).toContain("portreservectl(8)");
    expect(said("nobody").details.join("\n")).toMatch(/-> sudo .* status --nagios$/m);
    expect(said("rejected")).toMatchObject({ status: 1, state: "WARNING", data: { rejected: { value: 1 } } });
  });
});

/** The process that looks, once it is there. */
async function looker(plugin: ChildProcess): Promise<number> {
  const children = `/proc/${plugin.pid}/task/${plugin.pid}/children`;
  for (;;) {
    const [pid] = readFileSync(children, "utf8").split(" ").filter(Boolean);
    // Before that it has not started, and what waits for its start would hang with it.
    if (pid !== undefined && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--json")) return Number(pid);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function ended(plugin: ChildProcess): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const text = { stdout: "", stderr: "" };
  plugin.stdout?.on("data", (bytes) => {
    text.stdout += bytes;
  });
  plugin.stderr?.on("data", (bytes) => {
    text.stderr += bytes;
  });
  const [status] = await once(plugin, "close");
  return { status, ...text };
}

/** A zombie has ended. */
function isThere(pid: number): boolean {
  try {
    const [, state] = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}

describe("where the look does not end well", () => {
  test.each<[string, NodeJS.Signals, (plugin: ChildProcess) => void, string]>([
    ["it hangs", "SIGSTOP", () => {}, "no answer within 1 s"],
    ["it is killed", "SIGKILL", () => {}, "the look failed: SIGKILL"],
    [
      "whoever asks gives up",
      "SIGSTOP",
      (plugin) => plugin.kill("SIGTERM"),
      "ended by a signal before all was looked at",
    ],
  ])("since %s, the answer is UNKNOWN and nothing is left running", async (_, signal, then, summary) => {
    const plugin = start(["status", "--nagios", "-t", "1"], { stdio: ["ignore", "pipe", "pipe"] });
    const result = ended(plugin);
    const pid = await looker(plugin);
    process.kill(pid, signal);
    then(plugin);
    const { status, stdout, stderr } = await result;
    expect({ status, stderr, summary: parsePlugin(stdout).summary }).toEqual({ status: 3, stderr: "", summary });
    await expect.poll(() => isThere(pid)).toBe(false);
  });

  test.each([
    [65, "the look failed: it said more than 64 MiB"],
    [63, "the look failed with exit code 0"],
  ])("it says %i MiB: %s", (size, summary) => {
    // The plugin is the program itself; what it starts of itself to look is this instead.
    const program = path.join(scratch(), "program.mjs");
    const says = `process.stdout.write("x".repeat(${size} * 1024 * 1024))`;
    writeFileSync(
      program,
      `if (process.argv.includes("--json")) ${says};\nelse await import(${JSON.stringify(MAIN)});\n`,
    );
    const { status, stdout, stderr } = node([program, "status", "--nagios", "-t", "40"]);
    expect({ status, stderr, summary: parsePlugin(stdout).summary }).toEqual({ status: 3, stderr: "", summary });
  });

  test("with as much time as it needs it answers: the control", () => {
    const { status, stdout, stderr } = ctl(["status", "--nagios", "-t", "40"]);
    expect([stderr, parsePlugin(stdout).summary]).toEqual(["", expect.not.stringContaining("no answer")]);
    expect([0, 1, 2, 3]).toContain(status);
  });
});

test.each([
  [["status", "--nagios", "--json"], "--nagios and --json exclude each other"],
  [["status", "--nagios", "--output", "x.prom"], "--nagios and --output exclude each other"],
  [["status", "--nagios", "--watch"], "--nagios and --watch exclude each other"],
  [["status", "--nagios", "--root", "/tmp"], "'status' looks at the running host, so it does not take --root"],
  [["status", "--nagios", "-t"], "option '-t <seconds>' argument missing"],
  [["status", "--nagios", "-t", "0"], "'0' is not a number of seconds"],
  [["status", "--nagios", "--timeout=1.5"], "'1.5' is not a number of seconds"],
  [["status", "--nagios", "-w", "5"], "unknown option '-w'"],
  [["stauts", "--nagios"], "unknown verb 'stauts'"],
  [["--nagios", "status"], "unknown option '--nagios'"],
  [["check", "--nagios"], "unknown option '--nagios'"],
  [["status", "--nagios", "x"], "'status' does not take the argument 'x'"],
])("a usage error is UNKNOWN: %j", (args, message) => {
  const { status, stdout, stderr } = ctl(args);
  expect({ status, stderr, summary: parsePlugin(stdout).summary }).toEqual({ status: 3, stderr: "", summary: message });
});

test("help is no answer, and what run is given is not meant", () => {
  expect(ctl(["status", "--nagios", "--help"])).toMatchObject({
    status: 3,
    stdout: expect.stringContaining("usage: "),
  });
  expect(ctl(["status", "--help"]).status).toBe(0);
  expect(ctl(["status", "--timeout", "5"])).toMatchObject({ status: 2, stdout: "" });
  expect(ctl(["run", "--verbose", "--nagios"])).toMatchObject({ status: 2, stdout: "" });
});

test("without the addon it is UNKNOWN too", () => {
  const { status, stdout } = ctl(["status", "--nagios"], {
    under: asNobody,
    env: { PORTRESERVE_PREBUILD: "/nonexistent" },
  });
  expect([status, parsePlugin(stdout).state]).toEqual([3, "UNKNOWN"]);
});
