// The guest itself: real systemd, private to it whatever it does, and gone afterwards, however its maker ends.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { bootGuest, CHECKOUT, type Guest } from "../support/guest/guest.ts";
import { cgroup2Folder, noGuest, STAGE_PREFIX, sweepGuests } from "../support/guest/support.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";

const reason = noGuest();

/** What a guest could change on the host if it were not private. */
function host(): unknown {
  const etc = readdirSync("/etc", { recursive: true, encoding: "utf8" }).sort();
  const settings = ["kernel/hostname", "kernel/core_pattern", "kernel/printk", "fs/file-max", "fs/nr_open"];
  return {
    etc: etc.map((name) => [name, stamp(path.join("/etc", name))]),
    units: readdirSync("/usr/lib/systemd/system", { recursive: true, encoding: "utf8" }).sort(),
    mounts: readFileSync("/proc/self/mountinfo", "utf8"),
    settings: settings.map((name) => readFileSync(`/proc/sys/${name}`, "utf8")),
    // Other tests make guests at the same time.
    cgroups: readdirSync(cgroup2Folder() ?? "/").filter((name) => !name.startsWith(STAGE_PREFIX)),
    spoiled: ["/usr/bin", CHECKOUT].map((folder) => existsSync(path.join(folder, "spoiled"))),
    untouched: ["/usr/bin/env", "/etc/hosts"].map(stamp),
  };
}

function stamp(file: string): readonly unknown[] {
  const { mtimeMs, ctimeMs, size, mode } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return [mtimeMs, ctimeMs, size, mode];
}

/** Everything on this host that belongs to guests of one maker, beside processes. */
function leftBy(maker: number): readonly string[] {
  return [tmpdir(), cgroup2Folder() ?? "/"].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(`${STAGE_PREFIX}${maker}-`))
      .map((name) => path.join(folder, name)),
  );
}

const pidNamespace = (pid: number): number => statSync(`/proc/${pid}/ns/pid`).ino;

/** Live processes of the host that are in a pid namespace. */
function membersOf(namespace: number): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const alive = /^\d+$/.test(pid) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      return alive && pidNamespace(Number(pid)) === namespace;
    } catch {
      return false;
    }
  });
}

describe.skipIf(reason !== undefined)(named("a guest", reason), () => {
  test("runs real systemd, which starts nothing but the journal by itself, and ends with nothing left", async () => {
    const before = host();
    const guest = await bootGuest({ files: { "/etc/portreserve/cups": "631\n" } });
    const namespace = pidNamespace(guest.leader());
    try {
      expect(guest.state()).toBe("running");
      expect(await guest.output("cat /proc/1/comm /etc/portreserve/cups")).toBe("systemd\n631\n");
      const running = "systemctl list-units --no-legend --plain --state=running --type=service | cut -d' ' -f1";
      expect(await guest.output(running)).toBe("systemd-journald.service\n");
      expect(await guest.output("ss -Hltnu; ls /sys/class/net; uname -n")).toBe("lo\nguest\n");
      expect(membersOf(namespace).length).toBeGreaterThan(0);
      await spoil(guest);
    } finally {
      await guest.stop();
    }
    expect(membersOf(namespace)).toEqual([]);
    expect(leftBy(process.pid)).toEqual([]);
    expect(host()).toEqual(before);
  });

  test("runs the manager of this checkout, as root or another user, with a clean environment", async () => {
    process.env.PORTRESERVE_TEST_LEAK = "leaked";
    const guest = await bootGuest();
    delete process.env.PORTRESERVE_TEST_LEAK;
    try {
      const command = `'${NODE}' '${STAGE}/dist/main.js' --version`;
      const { version } = JSON.parse(readFileSync(path.join(CHECKOUT, "package.json"), "utf8")) as { version: string };
      for (const user of [undefined, "nobody"]) {
        expect(await guest.output(command, user === undefined ? {} : { user })).toContain(version);
      }
      expect(await guest.output("id -un; env | cut -d= -f1 | sort | xargs", { user: "nobody" })).toBe(
        "nobody\nHOME LC_ALL PATH PWD SYSTEMD_COLORS SYSTEMD_PAGER TERM\n",
      );
      const told = await guest.run('cat; printf "%s|" "$@"; echo problem >&2; exit 7', {
        input: "input\n",
        args: ["a b", "$HOME", ""],
      });
      expect([told.status, told.stdout, told.stderr]).toEqual([7, "input\na b|$HOME||", "problem\n"]);
      await guest.write("/new/folder/file", "content\0");
      expect(String(await guest.read("/new/folder/file"))).toBe("content\0");
      await expect(guest.read("/no/such")).rejects.toThrow("No such file");
      await expect(guest.run("sleep 86441", { timeout: 200 })).rejects.toThrow("not done after 200 ms");
      expect(await guest.output("ps axo args | grep -c '^sleep 8644[1]'; true")).toBe("0\n");
    } finally {
      await guest.stop();
    }
  });

  test("keeps its files over a reboot, which is a new boot to its journal", async () => {
    const guest = await bootGuest();
    try {
      const leader = guest.leader();
      await guest.output(
        "logger -t tester before; echo kept >/etc/kept; echo lost >/run/lost; sleep 86442 >/dev/null 2>&1 &",
      );
      await guest.reboot();
      expect(guest.state()).toBe("running");
      expect(guest.leader()).not.toBe(leader);
      expect(await guest.output("cat /etc/kept; ls /run/lost 2>&1; journalctl -q -b -1 -t tester -o cat")).toBe(
        "kept\nls: cannot access '/run/lost': No such file or directory\nbefore\n",
      );
    } finally {
      await guest.stop();
    }
  });

  test("is an error with its console when it ends by itself", async () => {
    const guest = await bootGuest();
    await guest.run("systemctl poweroff");
    await guest.stop();
    expect(guest.console()).toContain("ended 130");
    await expect(bootGuest({ lower: [scratch()] })).rejects.toThrow("the guest has ended");
    expect(leftBy(process.pid)).toEqual([]);
  });

  test.each(["SIGTERM", "SIGINT", "SIGKILL"] as const)("goes with the program that made it, by %s", async (signal) => {
    const { maker, closed, leader } = await otherMaker();
    const namespace = pidNamespace(leader);
    expect(membersOf(namespace).length).toBeGreaterThan(0);
    expect(leftBy(maker.pid ?? 0).length).toBe(2);
    maker.kill(signal);
    await closed;
    await expect.poll(() => [membersOf(namespace), leftBy(maker.pid ?? 0)], { timeout: 20_000 }).toEqual([[], []]);
  });

  test("goes with its keeper too, and what that leaves is removed by the next boot", async () => {
    const { maker, closed, leader } = await otherMaker();
    const namespace = pidNamespace(leader);
    process.kill(keeperOf(leader), "SIGKILL");
    await expect.poll(() => membersOf(namespace), { timeout: 20_000 }).toEqual([]);
    maker.kill("SIGKILL");
    await closed;
    expect(leftBy(maker.pid ?? 0).length).toBe(2);
    sweepGuests();
    expect(leftBy(maker.pid ?? 0)).toEqual([]);
  });
});

/** What no guest can do to the host; systemd itself runs without the rights for some of it. */
async function spoil(guest: Guest): Promise<void> {
  await guest.output(`echo spoiled >/etc/passwd; rm -rf /etc/init.d /usr/lib/systemd/system/getty.target
: >/usr/bin/spoiled; rm /usr/bin/env; mkdir /sys/fs/cgroup/spoiled; mount -t tmpfs spoiled /opt; hostname spoiled
mv /etc/hosts /etc/hosts.spoiled; systemd-run -q --unit spoiled sleep 86443`);
  const refused = [
    `: >'${CHECKOUT}/spoiled'`,
    "echo 0 >/proc/sys/kernel/printk",
    "date -s 2020-01-01",
    "mknod /tmp/disk b 8 0",
  ];
  for (const command of refused) expect([command, (await guest.run(command)).status]).not.toEqual([command, 0]);
}

/** Another program that boots a guest and stays. */
async function otherMaker(): Promise<{
  readonly maker: ReturnType<typeof spawn>;
  readonly closed: Promise<unknown>;
  readonly leader: number;
}> {
  const module = path.resolve(import.meta.dirname, "../support/guest/guest.ts");
  const vite = pathToFileURL(path.join(CHECKOUT, "node_modules/vite/dist/node/index.js")).href;
  const program = `import { runnerImport } from ${JSON.stringify(vite)};
    const { module } = await runnerImport(${JSON.stringify(module)}, { configFile: false, logLevel: "error" });
    console.log((await module.bootGuest()).leader());`;
  const maker = spawn(NODE, ["--input-type=module", "-e", program], {
    cwd: CHECKOUT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise((resolve) => maker.on("close", resolve));
  const leader = await new Promise<number>((resolve, reject) => {
    maker.stdout.once("data", (data) => resolve(Number(String(data))));
    maker.on("close", () => reject(new Error("it ended before its guest was booted")));
  });
  return { maker, closed, leader };
}

/** The shell two steps above a guest's first process; between them waits unshare. */
function keeperOf(leader: number): number {
  return parentOf(parentOf(leader));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
