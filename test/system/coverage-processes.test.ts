// Real processes as the manager sees them: with hostile names, deleted programs, other roots, mounts and networks.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { mapKeyOf, observeProcesses } from "../../src/observe/processes/read-processes.ts";
import { objectCache } from "../../src/observe/programs/known-file.ts";
import { named, skipReason } from "../support/can.ts";
import { asNobody, scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { asSeenByNobody, type Found, HOLD, held, look, seen } from "../support/held.ts";
import { built } from "../support/sandbox.ts";

const STATIC = compileC("test/system/coverage-processes.c", ["-static", "-DNO_LOADER", "-lpthread"]);
const noRoot = skipReason("root");

const paths = ({ mapped }: Found): readonly string[] => mapped.map(({ path: name }) => name);

function copyOf(program: string, name: string): string {
  const copy = path.join(scratch(), name);
  copyFileSync(program, copy);
  return copy;
}

/** Only for those that allocate it makes a difference. */
const NOBODY_LOOKED = { unseen: "it allocates nothing, so nobody looked", rootWould: false };

/** Known by its name to allocate. */
const ALLOCATES = "glusterd";

test("sees a plain process as it is", async () => {
  const before = Date.now();
  const found = await look([HOLD]);
  const { startedAt, pid, objects, mapped, unit, domain, ...rest } = found;
  expect(rest).toEqual({
    name: path.basename(HOLD).slice(0, 15),
    program: HOLD,
    uid: NOBODY_LOOKED,
    mayBind: NOBODY_LOOKED,
    secure: NOBODY_LOOKED,
    network: NOBODY_LOOKED,
    mounts: "same",
    root: "same",
    table: mapKeyOf("/etc/portreserve.table") === undefined ? "none" : "same",
    mappedTable: undefined,
    preload: NOBODY_LOOKED,
    executable: mapKeyOf(HOLD),
    bindings: [],
  });
  expect(Math.abs(startedAt - before)).toBeLessThan(5000);
  expect(objects).toContain(
    mapKeyOf("/lib/x86_64-linux-gnu/libc.so.6") ?? mapKeyOf("/lib64/libc.so.6") ?? rest.executable,
  );
  expect(mapped.every(({ elf }) => elf !== undefined && "abi" in elf)).toBe(true);
});

test("leaves out itself and kernel threads, and reports each process as it comes", () => {
  const steps: (readonly [number, number])[] = [];
  const { processes } = observeProcesses({ onProgress: (done, all) => steps.push([done, all]) });
  expect(processes.map(({ pid }) => pid)).not.toContain(process.pid);
  expect(steps.at(-1)?.[0]).toBe(steps.at(-1)?.[1]);
  expect(steps.length).toBeGreaterThan(1);
});

test("opens no file twice that has not changed since an earlier look", async () => {
  const program = copyOf(HOLD, "kept");
  const pid = await held([program]);
  const cache = objectCache();
  const first = seen(observeProcesses({ cache }), pid).mapped[0]?.elf;
  expect(seen(observeProcesses({ cache }), pid).mapped[0]?.elf).toBe(first);
  // Control: a file that was touched is read again.
  spawnSync("touch", [program]);
  const again = seen(observeProcesses({ cache }), pid).mapped[0]?.elf;
  expect(again).not.toBe(first);
  expect(again).toEqual(first);
});

describe("names that are no evidence", () => {
  test.each(["new\nline\x1b[31m", "x (deleted)", "a\\012b", "7f00-7f01 r-xp 00000000 00:00 1 [y]", ") Z 1 ("])(
    "a program called %j",
    async (name) => {
      const program = copyOf(HOLD, name);
      const found = await look([program]);
      expect([found.program, found.name, found.executable]).toEqual([program, name.slice(0, 15), mapKeyOf(program)]);
      expect(paths(found)).toContain(program);
      expect(found.mapped.find(({ path: one }) => one === program)?.elf).toMatchObject({ isProgram: true });
    },
  );

  test("a program whose name is not UTF-8", async () => {
    const folder = scratch();
    const name = Buffer.concat([Buffer.from(`${folder}/b`), Buffer.from([0xff])]);
    copyFileSync(HOLD, name);
    const found = await look(["sh", "-c", `exec "${folder}"/b?`]);
    expect([found.program, found.name, found.executable]).toEqual([`${folder}/b\udcff`, "b\udcff", mapKeyOf(name)]);
  });

  test.skipIf(noRoot !== undefined)(
    named("a deleted program, beside another one of the name it seems to have", noRoot),
    async () => {
      const program = copyOf(HOLD, "gone");
      const pid = await held([program]);
      const key = mapKeyOf(program);
      rmSync(program);
      writeFileSync(program, "another");
      writeFileSync(`${program} (deleted)`, "yet another");
      const found = seen(observeProcesses(), pid);
      expect([found.program, found.executable]).toEqual([program, key]);
      expect(found.mapped.find(({ path: one }) => one === program)?.elf).toMatchObject({ isProgram: true });
      expect(mapKeyOf(program)).not.toBe(key);
    },
  );
});

test.skipIf(noRoot !== undefined)(named("still reads a library that was replaced by an upgrade", noRoot), async () => {
  const library = copyOf(built.shim, "libportreserve.so");
  const pid = await held([HOLD], { env: { LD_PRELOAD: library } });
  const before = seen(observeProcesses(), pid);
  expect([before.preload, before.objects]).toEqual([true, expect.arrayContaining([mapKeyOf(library)])]);
  copyFileSync(built.shim, `${library}.new`);
  renameSync(`${library}.new`, library);
  const after = seen(observeProcesses(), pid);
  expect(after.objects).toEqual(before.objects);
  expect(after.mapped).toEqual(before.mapped);
  expect(after.objects).not.toContain(mapKeyOf(library));
});

test("sees that a program of which only another thread lives still has its files", async () => {
  const found = await look([HOLD, "threads"]);
  expect([found.program, found.executable]).toEqual([HOLD, mapKeyOf(HOLD)]);
});

test("counts what is mapped to run code from, and nothing else", async () => {
  const [code, data] = [copyOf("/etc/passwd", "x (deleted)"), copyOf("/etc/passwd", "data")];
  const found = await look([HOLD, `map:${code}`, `read:${data}`]);
  expect(found.objects).toContain(mapKeyOf(code));
  expect(found.objects).not.toContain(mapKeyOf(data));
  expect(found.mapped.find(({ path: one }) => one === code)).toEqual({ path: code, elf: undefined });
});

describe.skipIf(noRoot !== undefined)(named("processes that are somewhere else", noRoot), () => {
  test("in another root", async () => {
    const jail = scratch();
    copyFileSync(STATIC, path.join(jail, "hold"));
    const found = await look(["chroot", jail, "/hold"]);
    const { program, root, mounts, network, table, executable } = found;
    expect({ program, root, mounts, network, table, executable }).toEqual({
      program: "/hold",
      root: "other",
      mounts: "same",
      network: "same",
      table: "none",
      executable: mapKeyOf(path.join(jail, "hold")),
    });
    expect(found.mapped).toMatchObject([{ path: "/hold", elf: { isStatic: true } }]);
  });

  test("in another root, with a table of its own behind a link", async () => {
    const jail = scratch();
    mkdirSync(path.join(jail, "etc"));
    copyFileSync(STATIC, path.join(jail, "hold"));
    spawnSync("ln", ["-s", "/t", path.join(jail, "etc/portreserve.table")]);
    writeFileSync(path.join(jail, "t"), "");
    expect((await look(["chroot", jail, "/hold"])).table).toBe("other");
  });

  test("with other mounts", async () => {
    const { mounts, network, root, mapped } = await look(["unshare", "--mount", copyOf(HOLD, ALLOCATES)]);
    expect({ mounts, network, root }).toEqual({ mounts: "other", network: "same", root: "same" });
    expect(mapped.every(({ elf }) => elf !== undefined && "abi" in elf)).toBe(true);
  });

  test("in another network", async () => {
    const { mounts, network } = await look(["unshare", "--net", copyOf(HOLD, ALLOCATES)]);
    expect({ mounts, network }).toEqual({ mounts: "same", network: "other" });
  });

  test("on an overlay, whose files have one device for stat and another for mappings", async () => {
    const folder = scratch();
    for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(path.join(folder, name));
    // Upper and lower layer on two file systems.
    const script = `mount -t tmpfs none "$0/lower" && cp "$1" "$0/lower/hold" && mount -t overlay -o "lowerdir=$0/lower,upperdir=$0/upper,workdir=$0/work" o "$0/merged" && exec "$0/merged/hold"`;
    const found = await look(["unshare", "--mount", "sh", "-c", script, folder, HOLD]);
    const { dev, ino } = statSync(`/proc/${found.pid}/root${folder}/merged/hold`, { bigint: true });
    expect([found.program, found.executable]).toEqual([`${folder}/merged/hold`, `${dev}:${ino}`]);
    expect(found.objects).toContain(found.executable);
    expect(
      found.mapped.every(({ path: one, elf }) => elf !== undefined && "abi" in elf && !one.includes("deleted")),
    ).toBe(true);
  });

  test("of root's, as another user sees them: not at all", async () => {
    const { pid, name, mayBind, uid, objects, program, network, mapped } = asSeenByNobody(await held([HOLD]));
    const why = { unseen: "only root may look into it", rootWould: true };
    expect({ name, mayBind, uid, objects, program, network, mapped }).toEqual({
      name: path.basename(HOLD).slice(0, 15),
      mayBind: true,
      uid: 0,
      objects: why,
      program: why,
      network: why,
      mapped: [],
    });
    expect(pid).toBeGreaterThan(0);
  });

  test("of another user's, as that user sees them: all but what was deleted", async () => {
    const library = copyOf(built.shim, "libportreserve.so");
    const program = copyOf(HOLD, "mine");
    const [command = "", ...args] = [...asNobody, "env", `LD_PRELOAD=${library}`, program];
    const pid = await held([command, ...args]);
    const before = asSeenByNobody(pid);
    expect([before.uid, before.mayBind, before.program, before.preload]).toEqual([65534, false, program, true]);
    expect(before.objects).toContain(mapKeyOf(library));
    rmSync(library);
    rmSync(program);
    const after = asSeenByNobody(pid);
    expect([after.program, after.executable]).toEqual([program, before.executable]);
    const lost = after.mapped.find(({ path: one }) => one === library);
    expect(lost?.elf).toMatchObject({ rootWould: true });
    // Root can.
    const { mapped } = seen(observeProcesses(), pid);
    expect(mapped.find(({ path: one }) => one === library)?.elf).toMatchObject({ isProgram: false });
  });
});
