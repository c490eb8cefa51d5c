// Before a run of the guests: a folder of its own for whatever is temporary. After it: fails when anything of the run is left on the host.
import { execFileSync } from "node:child_process";
import { existsSync, type FSWatcher, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packageRoot } from "../../../src/core/native.ts";
import { cgroup2Folder, STAGE_PREFIX, sweepGuests } from "../../support/guest/support.ts";

/** For a run that leaves something on purpose: how long what dies with the last process may take, in milliseconds. */
export const PATIENCE = "PORTRESERVE_PATIENCE";
/** Where the guests' programs would leave something that is not temporary, if they got out. */
const PLACES = ["/", "/etc", "/run", "/run/systemd", "/usr/lib", "/var/lib", "/mnt", "/dev/shm"];
const ROOTS = path.join(packageRoot, ".cache/roots");

/** Folders that vitest makes for itself, and leaves when it is killed. */
const VITESTS = /^[\w-]{21}$/;

interface Run {
  /** Where its temporary files are; named so that the next boot removes it when the run was killed. */
  readonly folder: string;
  /** The stages it has made so far: its cgroups have the same names. */
  readonly stages: ReadonlySet<string>;
  /** What was in PLACES before. */
  readonly places: readonly string[];
  /** The roots that were there before, which nobody writes. */
  readonly roots: readonly string[];
}

/** For vitest's globalSetup. */
export default function setup(): () => Promise<void> {
  sweepGuests();
  const outer = process.env.TMPDIR;
  const folder = mkdtempSync(path.join(tmpdir(), `${STAGE_PREFIX}${process.pid}-run-`));
  const stages = new Set<string>();
  const watcher: FSWatcher = watch(folder, { persistent: false }, (_, name) => {
    if (name?.startsWith(STAGE_PREFIX)) stages.add(name);
  });
  process.env.TMPDIR = folder;
  const roots = namesIn(ROOTS).filter((name) => !name.includes("."));
  const run: Run = { folder, stages, places: inPlaces(), roots };

  return async () => {
    if (outer === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outer;
    const end = Date.now() + Number(process.env[PATIENCE] ?? 30_000);
    let files = inPlaces().filter((file) => !run.places.includes(file));
    let left = leftBy(run);
    while (left.length + files.length > 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      // Those that another run makes meanwhile are not this run's.
      files = files.filter((file) => existsSync(file));
      left = leftBy(run);
    }
    watcher.close();
    const written = writtenRoots(run);
    const all = [...left, ...files.map((file) => `file '${file}'`), ...written];
    // Through a mount that is left it would remove what the mount shows.
    if (mountPoints("self", folder).length === 0) rmSync(folder, { recursive: true, force: true });
    if (all.length === 0) return;
    // vitest shows the error, and would end as if there were none.
    process.exitCode = 1;
    throw new Error(`the guests have left on this host:\n  ${all.join("\n  ")}`);
  };
}

/** One line for each thing, of this run alone: others may be at work on the same machine. */
function leftBy({ folder, stages }: Run): readonly string[] {
  const names = (text: string): boolean =>
    text.includes(folder) || [...stages].some((stage) => text.includes(`/${stage}`));
  const processes = namesIn("/proc").filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid);
  const cgroups = cgroup2Folder();
  return [
    ...namesIn(folder)
      .filter((name) => !VITESTS.test(name))
      .map((name) => `file '${path.join(folder, name)}'`),
    ...processes
      .filter((pid) => names(textOf(`/proc/${pid}/cmdline`) + textOf(`/proc/${pid}/cgroup`)) || mountsOf(pid, folder))
      .map((pid) => `process ${pid} '${textOf(`/proc/${pid}/comm`).trim()}'`),
    ...mountPoints("self", folder).map((point) => `mount '${point}'`),
    ...(cgroups === undefined ? [] : namesIn(cgroups))
      .filter((name) => stages.has(name))
      .map((name) => `cgroup '${name}'`),
    ...namesIn("/sys/block")
      .filter((name) => textOf(`/sys/block/${name}/loop/backing_file`).includes(folder))
      .map((name) => `loop device '${name}'`),
  ];
}

/** Whether a process is in a mount namespace of the run's. */
function mountsOf(pid: string, folder: string): boolean {
  return mountPoints(pid, folder).length > 0;
}

function mountPoints(pid: string, folder: string): readonly string[] {
  const points = textOf(`/proc/${pid}/mountinfo`)
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => point.startsWith(folder));
}

function inPlaces(): readonly string[] {
  return PLACES.flatMap((place) =>
    namesIn(place)
      .filter((name) => /portreserve|nspawn|ld\.so\.preload/.test(name))
      .map((name) => path.join(place, name)),
  );
}

/** Files of the roots that were changed after the run's folder was made. */
function writtenRoots({ folder, roots }: Run): readonly string[] {
  const there = roots.map((name) => path.join(ROOTS, name)).filter((root) => existsSync(root));
  if (there.length === 0 || process.getuid?.() !== 0) return [];
  const found = execFileSync("find", [...there, "-xdev", "-cnewer", path.join(folder, "."), "-print"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return found
    .split("\n")
    .filter((file) => file !== "")
    .slice(0, 10)
    .map((file) => `change of '${file}'`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty where it cannot be read: a process may have ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
