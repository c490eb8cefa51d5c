// What coverage reads of a host: its units from a real systemd and from files alone, and its programs.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isUnseen, type Seen } from "../../src/core/seen.ts";
import { dropInText } from "../../src/core/systemd/drop-in.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";
import { objectCache } from "../../src/observe/programs/known-file.ts";
import { observePrograms } from "../../src/observe/programs/read-programs.ts";
import { observeUnits } from "../../src/observe/units/read-units.ts";
import { INSTALLED_SHIM, UNIT_FOLDER } from "../../src/system/paths.ts";
import { named, skipReason } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";

const CALLS = `import { observeUnits } from ${JSON.stringify(`${STAGE}/dist/observe/units/read-units.js`)};
const say = (value) => process.stdout.write(JSON.stringify(value));`;

const noStart = noGuest();

describe.skipIf(noStart !== undefined)(named("on a host with systemd", noStart), () => {
  let guest: Guest;
  let units: readonly UnitFacts[];

  beforeAll(async () => {
    guest = await bootGuest({
      files: {
        [`${UNIT_FOLDER}/cups.socket`]: "[Socket]\nListenStream=631\nListenDatagram=127.0.0.1:631\nListenStream=2049\n",
        [`${UNIT_FOLDER}/cups.service`]: "[Service]\nExecStart=/bin/sleep 1000\n",
        [`${UNIT_FOLDER}/idle.socket`]: "[Socket]\nListenStream=/run/idle\nListenStream=0.0.0.0:632\n",
        [`${UNIT_FOLDER}/idle.service`]: "[Service]\nExecStart=sleep 1000\n",
        [`${UNIT_FOLDER}/sleeper@.service`]: "[Service]\nExecStart=/bin/sleep 1000\n",
        [`${UNIT_FOLDER}/odd.service`]: `[Service]\nExecStart=/bin/sh -c "sleep 1000" "\\n\\nId=forged.service\\nLoadState=loaded\\n"\n`,
        [`${UNIT_FOLDER}/odd.service.d/50-portreserve.conf`]: dropInText({ preload: undefined, shim: INSTALLED_SHIM }),
        [`${UNIT_FOLDER}/quiet.service`]: "[Service]\nExecStart=/bin/false\n",
        [`${UNIT_FOLDER}/quiet.service.d/50-portreserve.conf`]: "# by hand\n",
        [`${UNIT_FOLDER}/quiet.service.d/60-other.conf`]: "[Service]\nExecStart=\nExecStart=/bin/true\n",
        [`${UNIT_FOLDER}/calm.service.d/70-alias.conf`]: `[Service]\nBindPaths=/dev/null:/srv/link/ld.so.preload\n`,
        [`${UNIT_FOLDER}/sleeper@two.service.d/a.conf`]:
          "[Service]\nExecStart=\nExecStart=/bin/true\nExecStartPre=/bin/false ; -/bin/cat\n",
        [`${UNIT_FOLDER}/none@two.service.d/a.conf`]: "[Service]\nExecStart=/bin/true\n",
        [`${UNIT_FOLDER}/found.service`]: "[Service]\nExecSearchPath=/srv/bin\nExecStart=only-there\n",
        [`${UNIT_FOLDER}/away.service`]: "[Service]\nType=oneshot\nExecStart=only-there\nExecSearchPath=/srv/bin\n",
        "/srv/bin/only-there": "#!/bin/sh\nexec sleep 1000\n",
        "/srv/linked.service": "[Service]\nExecStart=/bin/true\nInaccessiblePaths=/srv/link/portreserve.table\n",
        "/etc/ld.so.preload": "",
        "/etc/portreserve.table": "",
      },
    });
    await guest.output(`systemctl mask cron-none.service; cd ${UNIT_FOLDER}; ln -s odd.service alias.service
      ln -s quiet.service calm.service; ln -s /srv/linked.service own-name.service; ln -s sleeper@.service napper@.service
      ln -s /etc /srv/link; chmod +x /srv/bin/only-there
      systemctl daemon-reload; systemctl start sleeper@one.service found.service odd.service cups.socket`);
    units = await ask<readonly UnitFacts[]>("say(observeUnits())");
  });

  afterAll(async () => {
    await guest?.stop();
  });

  async function ask<T>(code: string, through = ""): Promise<T> {
    const script = `node=$1; shift; ${through} "$node" --input-type=module -e "$@"`;
    return JSON.parse(await guest.output(script, { args: [NODE, `${CALLS}${code}`] })) as T;
  }

  const unit = (id: string): UnitFacts | undefined => units.find((one) => one.id === id);

  test("reads a socket that listens, and one that systemd has not looked at", () => {
    expect(unit("cups.socket")).toMatchObject({
      loadState: "loaded",
      activeState: "active",
      programs: [],
      listens: [
        { protocol: "tcp", address: "::", port: 631 },
        { protocol: "udp", address: "127.0.0.1", port: 631 },
      ],
    });
    expect(unit("idle.socket")).toMatchObject({
      activeState: "not loaded",
      listens: [{ protocol: "tcp", address: "0.0.0.0", port: 632 }],
    });
  });

  test("reads an instance that runs, its template, and an instance that has settings of its own", () => {
    expect(unit("sleeper@one.service")).toMatchObject({ activeState: "active", mainPid: expect.any(Number) });
    const template = { activeState: "not loaded", programs: ["/bin/sleep"], helpers: [] };
    expect(unit("sleeper@.service")).toMatchObject({
      ...template,
      names: expect.arrayContaining(["sleeper@.service", "napper@.service"]),
    });
    const own = { programs: ["/bin/true"], helpers: ["/bin/false", "/bin/cat"] };
    expect(unit("sleeper@two.service")).toMatchObject({ ...template, ...own });
    expect(unit("none@two.service")).toBeUndefined();
  });

  test("reads the drop-ins of an alias, and a linked file by its own name; both by what their paths lead to", () => {
    expect(unit("quiet.service")).toMatchObject({
      names: expect.arrayContaining(["calm.service"]),
      hidesList: "BindPaths=/dev/null:/srv/link/ld.so.preload",
    });
    expect(unit("own-name.service")).toMatchObject({ hides: "InaccessiblePaths=/srv/link/portreserve.table" });
    expect(unit("linked.service")).toBeUndefined();
  });

  test("finds a program where the unit says to look", () => {
    expect(unit("found.service")?.activeState).not.toBe("not loaded");
    expect(unit("found.service")?.programs).toEqual(["/srv/bin/only-there"]);
    expect(unit("away.service")?.programs).toEqual(["/srv/bin/only-there"]);
  });

  test("knows our drop-in from another of its name", () => {
    expect(unit("odd.service")).toMatchObject({
      names: expect.arrayContaining(["odd.service", "alias.service"]),
      programs: ["/bin/sh"],
      activeState: "active",
      hasDropIn: true,
      dropInSince: expect.any(Number),
    });
    expect(unit("quiet.service")).toMatchObject({ hasDropIn: false, programs: ["/bin/true"] });
  });

  test("reads a masked unit, a program without a folder, and no unit that only a program's arguments name", () => {
    expect(unit("cron-none.service")).toMatchObject({ loadState: "masked", programs: [] });
    expect(unit("idle.service")?.programs).toEqual([expect.stringMatching(/^\/usr\/bin\/sleep$/)]);
    expect(unit("forged.service")).toBeUndefined();
  });

  test("has each unit once, by all its names", () => {
    const names = units.flatMap((one) => one.names);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("reads the files alone where no systemd runs, and finds the same units", async () => {
    const hidden = "unshare --mount sh -c 'mount -t tmpfs none /run/systemd && exec \"$@\"' sh";
    const written = await ask<readonly UnitFacts[]>("say(observeUnits())", hidden);
    const ids = written.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["cups.socket", "cups.service", "odd.service", "quiet.service"]));
    expect(written.every(({ activeState }) => activeState === "not loaded")).toBe(true);
    expect(written.find(({ id }) => id === "odd.service")).toMatchObject({
      names: ["odd.service", "alias.service"],
      programs: ["/bin/sh"],
      hasDropIn: true,
    });
    // Whoever's programs are known both ways has the same ones: the files are read as systemd reads them.
    const both = written.flatMap((one) => {
      const shown = unit(one.id);
      return shown?.activeState !== "not loaded" && shown?.loadState === "loaded" ? [[one, shown] as const] : [];
    });
    expect(both.length).toBeGreaterThan(5);
    expect(both.map(([one]) => [one.id, one.programs, one.listens])).toEqual(
      both.map(([, shown]) => [shown.id, shown.programs, shown.listens]),
    );
  });

  test("says why it knows no units where systemd does not answer", async () => {
    const away = `sh -c 'cd /usr/bin; mv systemctl away; "$@"; mv away systemctl' sh`;
    expect(await ask("say(observeUnits())", away)).toEqual({
      unseen: "systemd cannot be asked: there is no systemctl on this host",
      rootWould: false,
    });
  });
});

const lacking = skipReason(
  { program: "/usr/sbin/ypbind", package: "ypbind-mt" },
  { program: "/usr/sbin/rpc.statd", package: "nfs-common" },
  { program: "/usr/sbin/mount.nfs", package: "nfs-common" },
);

test.skipIf(lacking !== undefined)(named("finds the allocators that are installed and do not run", lacking), () => {
  const units = observeUnits();
  if (isUnseen(units)) throw new Error(units.unseen);
  const found = (running: readonly string[], program: Seen<string> = "/usr/sbin/ypbind"): readonly unknown[] =>
    observePrograms(units, new Map(running.map((id) => [id, [program]])), objectCache()).map(
      ({ path, unit, privileged }) => [path, unit, privileged],
    );
  expect(found([])).toEqual(
    expect.arrayContaining([
      ["/usr/sbin/ypbind", "ypbind.service", false],
      [expect.stringMatching(/sbin\/rpc\.statd$/), "rpc-statd.service", false],
      ["/usr/sbin/mount.nfs", undefined, true],
    ]),
  );
  const ypbind = ["/usr/sbin/ypbind", "ypbind.service", false];
  expect(found(["ypbind.service"])).not.toContainEqual(ypbind);
  expect(found(["ypbind.service"], { unseen: "it hides", rootWould: false })).not.toContainEqual(ypbind);
  // What runs of it may still be on its way to the program.
  expect(found(["ypbind.service"], "/bin/sh")).toContainEqual(ypbind);
  // Neither a unit nor a setuid program that only has libc.
  expect(found([]).flat()).not.toContain("/usr/bin/su");
  expect(found([]).flat()).not.toContain("systemd-logind.service");
});

test("takes a unit whose file cannot be read for one that may start an allocator", () => {
  const unread = { unseen: "its file cannot be read", rootWould: true };
  const unit: UnitFacts = {
    id: "closed.service",
    names: ["closed.service"],
    loadState: "error",
    activeState: "not loaded",
    mainPid: undefined,
    programs: [],
    hasDropIn: false,
    dropInSince: undefined,
    listens: [],
  };
  const found = (one: UnitFacts) =>
    observePrograms([one], new Map(), objectCache()).filter((program) => program.unit === one.id);
  expect(found({ ...unit, unread }).map(({ objects }) => objects)).toEqual([[{ path: unit.id, elf: unread }]]);
  expect(found(unit)).toEqual([]);
});
