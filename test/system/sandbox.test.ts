// The sandbox itself: what is private in it, what it leaves behind (nothing), and how it ends.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { runInSandbox, type SandboxRequest, type SandboxResult } from "../../src/system/sandbox/sandbox.ts";
import { sandboxSupport } from "../../src/system/sandbox/sandbox-support.ts";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { noSandbox } from "../support/sandbox.ts";
import { NODE } from "../support/stage/stage.ts";

const reason = await noSandbox();
const support = await sandboxSupport();

function run(request: SandboxRequest): Promise<SandboxResult> {
  if (!support.works) throw new Error(support.reason);
  return runInSandbox(support.kind, request);
}

const printed = (stdout: string): SandboxResult => ({ outcome: "ended", status: 0, stdout, stderr: "" });

describe.skipIf(reason !== undefined)(named("a sandbox", reason), () => {
  describe.each(["overlay", "copy"] as const)("whose /etc is an %s", (layer) => {
    test("shows the host's files and the caller's, and keeps every change to itself", async () => {
      const before = [readdirSync("/etc").sort(), statSync("/etc").mtimeMs, readFileSync("/etc/passwd", "utf8")];
      const script = `cat /etc/portreserve/cups /etc/ld.so.preload
stat -c '%a %n' /etc /etc/portreserve /etc/portreserve/cups
grep -c ^root: /etc/passwd
rm /etc/passwd; echo mine > /etc/passwd; cat /etc/passwd
mkdir /etc/a-folder && mv /etc/portreserve/cups /etc/a-folder/ && ls /etc/a-folder
`;
      const etc = { "portreserve/cups": "ipp\n", "ld.so.preload": "\n" };
      expect(await run({ layer, script, etc })).toEqual(
        printed(`ipp

755 /etc
755 /etc/portreserve
644 /etc/portreserve/cups
1
mine
cups
`),
      );
      expect([readdirSync("/etc").sort(), statSync("/etc").mtimeMs, readFileSync("/etc/passwd", "utf8")]).toEqual(
        before,
      );
    });

    test("can be compiled into, with a rename over the table that is there", async () => {
      const script =
        "echo new > /etc/portreserve.table.tmp && mv /etc/portreserve.table.tmp /etc/portreserve.table && cat /etc/portreserve.table";
      expect(await run({ layer, script, etc: { "portreserve.table": "old\n" } })).toEqual(printed("new\n"));
    });
  });

  test("has its own processes, network with a working loopback, host name and root", async () => {
    const script = `echo $$; id -u; ls /sys/class/net >/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '
cat /proc/net/fib_trie | grep -c 127.0.0.1
hostname sandboxed && uname -n`;
    expect(await run({ script })).toEqual(printed("1\n0\nlo\n2\nsandboxed\n"));
  });

  test("shows folders empty or with a private layer, as asked, and writes neither", async () => {
    const folder = scratch();
    const marker = path.join(folder, "made-in-the-sandbox");
    // Root's own files are below /run.
    const script = `ls -A /run | grep -v ^portreserve-sandbox-; : > /run/file; ls /run | grep -v ^portreserve-sandbox-; : > ${marker}; ls ${folder}`;
    expect(await run({ script, empty: ["/run"], overlays: [folder] })).toEqual(printed("file\nmade-in-the-sandbox\n"));
    expect([existsSync("/run/file"), existsSync(marker)]).toEqual([false, false]);
  });

  test("is not made when a folder is missing, since making it would be a write to the host", async () => {
    for (const request of [{ empty: ["/no/such"] }, { overlays: ["/no/such"] }]) {
      expect(await run({ script: "echo ran", ...request })).toEqual({
        outcome: "impossible",
        reason: "no folder '/no/such' on this host",
      });
    }
    expect(existsSync("/no")).toBe(false);
  });

  test("gives back status, output, errors and each line as it comes, with the arguments as they are", async () => {
    const seen: string[] = [];
    const script = `printf '%s\\n' "$@"; echo problem >&2; printf half; exit 7`;
    expect(await run({ script, args: ["a b", "$HOME", ""], onLine: (line) => seen.push(line) })).toEqual({
      outcome: "ended",
      status: 7,
      stdout: "a b\n$HOME\n\nhalf",
      stderr: "problem\n",
    });
    expect(seen).toEqual(["a b", "$HOME", ""]);
  });

  test("inherits nothing of the environment", async () => {
    process.env.PORTRESERVE_TEST_LEAK = "leaked";
    const { stdout } = (await run({ script: "env", environment: { MINE: "yes" } })) as { stdout: string };
    delete process.env.PORTRESERVE_TEST_LEAK;
    const names = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names.sort()).toEqual(["LC_ALL", "MINE", "PATH", "PWD", "SCRATCH"]);
  });

  test("takes its background processes along when the script ends, and when the time is over", async () => {
    const sleeper = (seconds: number): boolean =>
      readdirSync("/proc").some((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8") === `sleep\0${seconds}\0`;
        } catch {
          return false;
        }
      });
    const begun = "sleep 86431 & until tr '\\0' ' ' </proc/$!/cmdline | grep -x 'sleep 86431 '; do :; done";
    expect(await run({ script: begun })).toEqual(printed("sleep 86431 \n"));
    expect(sleeper(86431)).toBe(false);

    const late = (timeout: number) => run({ script: "echo begun; sleep 86432", timeout });
    let result = await late(300);
    // A busy machine may need longer to begin.
    for (let time = 600; result.outcome === "timeout" && result.stdout === ""; time *= 2) result = await late(time);
    expect(result).toEqual({ outcome: "timeout", stdout: "begun\n", stderr: "" });
    expect(sleeper(86432)).toBe(false);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const)(
    "dies with the program that made it, by %s",
    async (signal) => {
      const module = pathToFileURL(path.resolve(import.meta.dirname, "../../dist/system/sandbox/sandbox.js")).href;
      const folder = scratch();
      const program = `import { runInSandbox } from ${JSON.stringify(module)};
      await runInSandbox(${JSON.stringify(support.works && support.kind)}, {
        script: "readlink /proc/self/ns/pid; sleep 86433", onLine: (line) => console.log(line) });`;
      const child = spawn(NODE, ["--input-type=module", "-e", program], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const closed = new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
      const namespace = await new Promise<string>((resolve) =>
        child.stdout.once("data", (data) => resolve(String(data).trim())),
      );
      expect(membersOf(namespace).length).toBeGreaterThan(0);
      child.kill(signal);
      expect(await closed).toBe(signal);
      for (let tries = 0; membersOf(namespace).length > 0 && tries < 2000; tries++) await pause(10);
      expect(membersOf(namespace)).toEqual([]);
      // After SIGKILL nobody is left to remove it; it is the program's own, and holds no mount.
      if (signal !== "SIGKILL") expect(readdirSync(folder)).toEqual([]);
    },
  );

  test("leaves nothing in the folder where it keeps its files, which is never one of root's TMPDIR", async () => {
    const folder = scratch();
    vi.stubEnv("TMPDIR", folder);
    const script = `echo content > "$SCRATCH/file"; ls '${folder}' | wc -l; echo "$SCRATCH"`;
    const result = await run({ script }).finally(() => vi.unstubAllEnvs());
    const asRoot = process.geteuid?.() === 0;
    const place = result.outcome === "ended" ? result.stdout.split("\n")[1] : undefined;
    expect(place?.startsWith(asRoot ? "/run/" : `${folder}/`)).toBe(true);
    expect(result).toEqual(printed(`${asRoot ? 0 : 1}\n${place}\n`));
    expect([readdirSync(folder), existsSync(path.dirname(place ?? "/"))]).toEqual([[], false]);
  });
});

/** Live processes of the host that are in a pid namespace; some inits take seconds to collect dead ones. */
function membersOf(namespace: string): string[] {
  const inode = Number(/\d+/.exec(namespace)?.[0]);
  return readdirSync("/proc").filter((pid) => {
    try {
      const alive = /^\d+$/.test(pid) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      return alive && statSync(`/proc/${pid}/ns/pid`).ino === inode;
    } catch {
      return false;
    }
  });
}
