// The guests' own cleanliness: nothing is left after a run that passes, fails or is killed; and a run that cannot be says why.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { cgroup2Folder, STAGE_PREFIX } from "../support/guest/support.ts";
import { note } from "./support/evidence.ts";
import { PATIENCE } from "./support/nothing-left.ts";
import { releases, rootOf } from "./support/releases.ts";

const VITEST = path.join(packageRoot, "node_modules/vitest/vitest.mjs");
const [{ reason } = { reason: undefined }] = await releases();

interface Ended {
  readonly status: number | null;
  readonly said: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<Ended>;
}

/** A test run of its own, in a process group of its own. */
function startRun(config: string, filter: string, under: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running {
  const [command = "", ...args] = [...under, process.execPath, VITEST, "run", "--config", config, filter];
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|PORTRESERVE_|NODE_ENV)/.test(name));
  const child = spawn(command, args, {
    cwd: packageRoot,
    detached: true,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<Ended>((resolve) => child.on("close", (status) => resolve({ status, said })));
  return { child, said: () => said, ended };
}

const bad = (name: string, under: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running =>
  startRun("test/guests/support/clean-run/vitest.config.ts", `${name}.case.ts`, under, env);

/** Waits for what is visible, at most a minute. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not after a minute: ${what}`);
}

/** The stages below a folder, with their keepers' process ids and their cgroups. */
interface Stage {
  readonly folder: string;
  readonly cgroup: string;
  readonly keepers: readonly number[];
}

/** The stages of a run that was started here: its folder is in this run's. */
function stagesOf({ child }: Running): readonly Stage[] {
  const run = readdirSync(tmpdir()).find((name) => name.startsWith(`${STAGE_PREFIX}${child.pid}-run-`));
  if (run === undefined) return [];
  const folder = path.join(tmpdir(), run);
  return readdirSync(folder)
    .filter((name) => name.startsWith(STAGE_PREFIX))
    .map((name) => {
      const stage = path.join(folder, name);
      return { folder: stage, cgroup: path.join(cgroup2Folder() ?? "", name), keepers: processesWith(stage) };
    });
}

function processesWith(word: string): readonly number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);
}

const isThere = ({ folder, cgroup }: Stage): boolean => existsSync(folder) || existsSync(cgroup);

/** Another test run's sweep may be faster, here and in the next one. */
function isPopulated(cgroup: string): boolean {
  try {
    return /^populated 1$/m.test(readFileSync(path.join(cgroup, "cgroup.events"), "utf8"));
  } catch {
    return false;
  }
}

function removeIfThere(cgroup: string): void {
  try {
    rmdirSync(cgroup);
  } catch (error) {
    if (existsSync(cgroup)) throw error;
  }
}

async function holding(): Promise<{ readonly run: Running; readonly stages: readonly Stage[] }> {
  const run = bad("holds");
  await until("two guests", () => run.said().includes("booted") || run.child.exitCode !== null);
  const stages = stagesOf(run);
  expect(stages.map(({ cgroup, keepers }) => [existsSync(cgroup), keepers.length > 0])).toEqual([
    [true, true],
    [true, true],
  ]);
  return { run, stages };
}

/** The run's processes, all at once; its keepers have groups of their own. */
async function killRun({ child, ended }: Running): Promise<void> {
  process.kill(-(child.pid ?? 0), "SIGKILL");
  await ended;
}

describe.skipIf(reason !== undefined)(named("a run", reason), () => {
  test("that leaves something is told so, and fails", async () => {
    // Its mount is in a namespace of its own, and ends with it.
    const apart = ["unshare", "--mount", "--propagation", "private"];
    const { status, said } = await bad("leaves", apart, { [PATIENCE]: "1000" }).ended;
    const [, cgroup = "", pid = ""] = /^left (\S+) (\d+)$/m.exec(said) ?? [];
    process.kill(Number(pid), "SIGUSR1");
    await until("its process has ended", () => !isPopulated(cgroup));
    removeIfThere(cgroup);
    const name = path.basename(cgroup);
    const left = said.slice(said.indexOf("the guests have left on this host:"));
    const [, file = ""] = /^ {2}file '(.*\/left)'$/m.exec(left) ?? [];
    expect({ status, there: existsSync(file) }).toEqual({ status: 1, there: true });
    rmSync(path.dirname(file), { recursive: true });
    expect(left).toMatch(new RegExp(`^ {2}process ${pid} 'sh'$`, "m"));
    expect(left).toMatch(new RegExp(`^ {2}mount '.*/${name}'$`, "m"));
    expect(left).toContain(`  cgroup '${name}'\n`);
  });

  test("that fails leaves nothing", async () => {
    const { status, said } = await bad("fails").ended;
    expect(status).toBe(1);
    expect(said).toContain("failed on purpose");
    expect(said).not.toContain("have left");
  });

  test("that is killed leaves nothing, and when its keepers are killed too the next boot takes it away", async () => {
    const killed = await holding();
    await killRun(killed.run);
    await until("its keepers have cleaned up", () => !killed.stages.some(isThere));

    const all = await holding();
    for (const pid of all.stages.flatMap(({ keepers }) => keepers)) process.kill(pid, "SIGKILL");
    await killRun(all.run);
    // The control: this time somebody has to take it away, when the last of their processes is gone.
    expect(all.stages.map(isThere)).toEqual([true, true]);
    await until("their guests have died", () => !all.stages.some(({ cgroup }) => isPopulated(cgroup)));
    const next = await bootGuest({ lower: [rootOf("bookworm")] });
    try {
      expect(all.stages.map(isThere)).toEqual([false, false]);
      expect(stagesOf(all.run)).toEqual([]);
    } finally {
      await next.stop();
    }
    note(
      "a test run killed, and its keepers too",
      "bookworm",
      "unshare",
      "2 stages and cgroups left",
      "none after the next boot",
      2,
    );
  });
});

/** What takes one thing away that guests need, around a test run. */
const LACKING = {
  "it needs root": ["unshare", "--user"],
  "cgroup version 2 is not mounted here": [
    ...["unshare", "--mount", "--propagation", "private", "sh", "-c"],
    'awk \'$3 ~ /^cgroup/ { print $2 }\' /proc/mounts | sort -r | while read -r place; do umount -l "$place"; done; exec "$@"',
    "sh",
  ],
  "'mmdebstrap' is missing: install the package mmdebstrap": [
    ...["unshare", "--mount", "--propagation", "private", "sh", "-c"],
    'mount --bind /dev/null "$(command -v mmdebstrap)" && exec "$@"',
    "sh",
  ],
  "'systemd-nspawn' is missing: install the package systemd-container": [
    ...["unshare", "--mount", "--propagation", "private", "sh", "-c"],
    'mount --bind /dev/null "$(command -v systemd-nspawn)" && exec "$@"',
    "sh",
  ],
  "mmdebstrap could not make a root of 'bookworm'": [
    ...["unshare", "--mount", "--propagation", "private", "--net", "sh", "-c"],
    `mount -t tmpfs none '${packageRoot}/.cache/roots' && exec "$@"`,
    "sh",
  ],
} as const;

describe.skipIf(reason !== undefined)(named("npm run test:guests", reason), () => {
  test.each(Object.entries(LACKING))("says that %s, and skips", async (lacking, under) => {
    const { status, said } = await startRun("test/guests/vitest.config.ts", "engines.test.ts", under).ended;
    expect(said).toMatch(/Tests {2}4 skipped/);
    expect(said).toContain(`: ${lacking}`);
    expect(said).toMatch(/^skipped \d tests?: /m);
    expect(status).toBe(0);
  });

  test("fails where everything is required", async () => {
    const env = { PORTRESERVE_REQUIRE_ALL: "1" };
    const { status, said } = await startRun(
      "test/guests/vitest.config.ts",
      "engines.test.ts",
      LACKING["it needs root"],
      env,
    ).ended;
    expect(said).toContain("PORTRESERVE_REQUIRE_ALL=1, but it needs root");
    expect(status).toBe(1);
  });
});
