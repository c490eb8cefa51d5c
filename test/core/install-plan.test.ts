// From what is found on a host to what is changed: nothing that is right, nothing that is somebody else's, in the one safe order.
import { describe, expect, test } from "vitest";
import { type Artefact, type Found, unownedAmong } from "../../src/core/install/artefacts.ts";
import type { Change } from "../../src/core/install/change.ts";
import { type InstallState, planInstall, planUninstall } from "../../src/core/install/plan.ts";

const ENTRY = "/usr/$LIB/portreserve/libportreserve.so";
const LIST = "/etc/ld.so.preload";
const bytes = (text: string): Uint8Array => Buffer.from(text);
const file = (text: string, mode = 0o644): Found => ({ kind: "file", bytes: bytes(text), mode });
const missing: Found = { kind: "missing" };

function artefact(path: string, found: Found, ours = true): Artefact {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return { path, wanted: { kind: "file", bytes: bytes("new"), mode: 0o644 }, found, ours, folders: [folder] };
}

/** A host with these folders and what is in them. */
function hostState(
  parts: Partial<InstallState>,
  folders: Readonly<Record<string, readonly string[]>> = {},
): InstallState {
  return {
    libraries: [],
    rules: [],
    manager: [],
    units: [],
    holder: [],
    dropIns: [],
    list: { path: LIST, found: missing, labelOf: "/etc/ld.so.cache" },
    entry: ENTRY,
    owners: "/etc/portreserve",
    table: undefined,
    hasTable: false,
    hold: [],
    holdPath: "/etc/portreserve.hold",
    tablePath: "/etc/portreserve.table",
    contents: (path) => ({ "/etc/portreserve": ["cups"], ...folders })[path],
    ...parts,
  };
}

const listed = (found: Found): InstallState["list"] => ({ path: LIST, found, labelOf: "/etc/ld.so.cache" });
const shown = (changes: readonly Change[]): readonly string[] => changes.map(({ kind, path }) => `${kind} ${path}`);
const lists = (found: Found): readonly Change[] | string => {
  const plan = planInstall(hostState({ list: listed(found) }), true);
  return "refusal" in plan ? plan.refusal : plan.list;
};

describe("install", () => {
  test("stages all libraries where one is not as it should be, and none where all are", () => {
    const right = artefact("/lib/a/p/x.so", file("new"));
    const wrong = artefact("/lib/b/p/x.so", missing);
    const both = planInstall(hostState({ libraries: [right, wrong] }, { "/lib/a/p": ["x.so"] }), false);
    expect(both).toMatchObject({
      folders: [{ path: "/lib/b/p" }],
      libraries: [{ path: right.path }, { path: wrong.path }],
    });
    expect(planInstall(hostState({ libraries: [right] }, { "/lib/a/p": ["x.so"] }), false)).toMatchObject({
      folders: [],
      libraries: [],
    });
  });

  test("mends a mode, and makes each folder once, the outer before the inner", () => {
    const parts = ["one", "two"].map(
      (name): Artefact => ({
        ...artefact(`/home/a/b/${name}`, missing),
        folders: ["/home/a/b", "/home/a"],
      }),
    );
    const plan = planInstall(hostState({ manager: [...parts, artefact("/home/three", file("new", 0o600))] }), false);
    if ("refusal" in plan) throw new Error(plan.refusal);
    expect(shown(plan.manager)).toEqual([
      "make-folder /home/a",
      "make-folder /home/a/b",
      "write-file /home/a/b/one",
      "write-file /home/a/b/two",
      "make-folder /home",
      "write-file /home/three",
    ]);
  });

  test("makes a folder for the holder only where nothing else has made it", () => {
    const parts = { manager: [artefact("/home/one", missing)], holder: [artefact("/home/hold", missing)] };
    const plan = planInstall(hostState(parts), false);
    expect("refusal" in plan ? [] : shown([...plan.manager, ...plan.holder])).toEqual([
      "make-folder /home",
      "write-file /home/one",
      "write-file /home/hold",
    ]);
    const alone = planInstall(hostState({ holder: parts.holder }), false);
    expect("refusal" in alone ? [] : shown(alone.holder)).toEqual(["make-folder /home", "write-file /home/hold"]);
  });

  test("puts a link in the place of another of ours", () => {
    const link: Artefact = {
      ...artefact("/units/x", { kind: "link", target: "/old" }),
      wanted: { kind: "link", target: "/new" },
    };
    const plan = planInstall(hostState({ units: [link] }, { "/units": ["x"] }), false);
    expect("refusal" in plan ? [] : shown(plan.units)).toEqual(["remove /units/x", "make-link /units/x"]);
  });

  test.each([
    ["none", missing, { bytes: `${ENTRY}\n`, mode: 0o644 }],
    ["one for its owner only", file("/a.so\n", 0o600), { bytes: `/a.so\n::::${ENTRY}\n`, mode: 0o644 }],
    ["one for its owner and group", file("/a.so", 0o640), { bytes: `/a.so\n::${ENTRY} \n`, mode: 0o644 }],
    ["one that others may write", file("/a.so\n", 0o666), { bytes: `/a.so\n${ENTRY}\n`, mode: 0o666 }],
    ["one that has the entry, for its owner only", file(`${ENTRY}\n`, 0o400), { bytes: `::::${ENTRY}\n`, mode: 0o444 }],
  ])("from a list such as %s it makes one that everybody may read", (_, found, wanted) => {
    const [change] = lists(found);
    if (typeof change !== "object" || change.kind !== "write-file") throw new Error("no file is written");
    expect({ bytes: Buffer.from(change.bytes).toString(), mode: change.mode }).toEqual(wanted);
  });

  test("does not touch a list that has the entry, and has no place in some", () => {
    expect(lists(file(`${ENTRY}\n`))).toEqual([]);
    expect(lists(file("\0#\n\n#b/c"))).toBe("no place");
  });

  test("leaves the list alone for single services", () => {
    expect(planInstall(hostState({ list: listed(file("\0#\n\n#b/c")) }), false)).toMatchObject({ list: [] });
  });
});

describe("uninstall", () => {
  const installed = (parts: Partial<InstallState>): InstallState =>
    hostState(
      {
        list: listed(file(`${ENTRY}\n`)),
        libraries: [artefact("/lib/p/x.so", file("any"))],
        manager: [artefact("/home/one", file("any")), artefact("/home/two", file("any"))],
        hasTable: true,
        ...parts,
      },
      { "/lib/p": ["x.so"], "/home": ["one", "two"] },
    );
  const all = { list: true, base: true, holder: true, dropIns: [] };

  test.each([0o600, 0o640, 0o604, 0o200, 0o044, 0o644])(
    "gives a list of mode %i its bytes and its mode back",
    (mode) => {
      const before = file("/a.so", mode);
      const [put] = lists(before);
      if (typeof put !== "object" || put.kind !== "write-file") throw new Error("no file is written");
      const between: Found = { kind: "file", bytes: put.bytes, mode: put.mode };
      expect(put.mode & 0o444).toBe(0o444);
      // Installed again, it stays as it is; closed again, it is opened again, and one mark is enough.
      expect(lists(between)).toEqual([]);
      const closed = lists({ ...between, mode });
      expect(mode === 0o644 ? [] : closed).toMatchObject(mode === 0o644 ? [] : [{ bytes: put.bytes, mode: put.mode }]);
      const [away] = planUninstall(installed({ list: listed(between) }), all).list;
      if (away?.kind !== "write-file") throw new Error("no file is written");
      expect({ kind: "file", bytes: Buffer.from(away.bytes), mode: away.mode }).toEqual(before);
    },
  );

  test("takes no colon of somebody else for a mark", () => {
    const [away] = planUninstall(installed({ list: listed(file(`/a.so:${ENTRY}\n`, 0o644)) }), all).list;
    expect(away).toMatchObject({ mode: 0o644 });
  });

  test("takes files in the opposite order, and then the folders that they leave empty", () => {
    const removal = planUninstall(installed({}), all);
    expect(Object.values(removal).flatMap(shown)).toEqual(
      expect.arrayContaining(["remove /etc/ld.so.preload", "remove /lib/p/x.so", "remove-folder /lib/p"]),
    );
    expect(shown(removal.manager)).toEqual(["remove /home/two", "remove /home/one", "remove-folder /home"]);
    expect(shown(removal.table)).toEqual(["remove-table /etc/portreserve.table"]);
  });

  test("leaves what is not ours, and the folder that it is in", () => {
    const libraries = [artefact("/lib/p/x.so", file("any"), false)];
    expect(shown(planUninstall(installed({ libraries }), all).libraries)).toEqual([]);
    expect(unownedAmong(libraries)).toEqual([
      { path: "/lib/p/x.so", what: "a file that portreservectl did not write" },
    ]);
  });

  test("leaves a folder that somebody has put something into, and takes an empty one for reservations", () => {
    const folders = { "/lib/p": ["x.so", "another"], "/etc/portreserve": [] };
    const host = hostState({ libraries: [artefact("/lib/p/x.so", file("any"))] }, folders);
    const removal = planUninstall(host, all);
    expect(shown(removal.libraries)).toEqual(["remove /lib/p/x.so"]);
    expect(shown(removal.table)).toEqual(["remove-folder /etc/portreserve"]);
  });

  const holder = [artefact("/home/hold", file("any")), artefact("/units/hold.service", file("any"))];
  const hold: readonly Change[] = [{ kind: "remove", path: "/etc/portreserve.hold", old: bytes("any") }];
  const holding = (parts: Partial<InstallState>): InstallState => ({
    ...installed({ holder, hold, units: [artefact("/units/one", file("any"))], ...parts }),
    contents: (folder) =>
      (({ "/home": ["one", "two", "hold"], "/units": ["one", "hold.service"] }) as Record<string, string[]>)[folder],
  });

  test("takes the holder last, with the folders that it leaves empty beside what went before", () => {
    const removal = planUninstall(holding({}), all);
    expect(Object.keys(removal).at(-1)).toBe("holder");
    expect(shown(removal.manager)).toEqual(["remove /home/two", "remove /home/one"]);
    expect(shown(removal.holder)).toEqual([
      "remove /etc/portreserve.hold",
      "remove /units/hold.service",
      "remove /home/hold",
      "remove-folder /units",
      "remove-folder /home",
    ]);
  });

  test("takes the holder from beside what stays, and leaves it where it holds on", () => {
    const away = planUninstall(holding({}), { ...all, base: false });
    expect(shown(away.holder)).toEqual([
      "remove /etc/portreserve.hold",
      "remove /units/hold.service",
      "remove /home/hold",
    ]);
    expect(planUninstall(holding({}), { ...all, base: false, holder: false }).holder).toEqual([]);
  });

  test("takes nothing but drop-ins while something needs the library", () => {
    const dropIns = [artefact("/units/a.service.d/50.conf", file("any"))];
    const removal = planUninstall(installed({ dropIns }), { list: false, base: false, holder: false, dropIns });
    expect(Object.values(removal).flatMap(shown)).toEqual(["remove /units/a.service.d/50.conf"]);
  });
});
