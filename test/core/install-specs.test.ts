// Whose a file in one of our places is, told by what is in it; and the order in which the manager comes and goes.
import { describe, expect, test } from "vitest";
import { holderLinkSpec, holderProgramSpec, holderUnitSpec } from "../../src/core/install/holder-specs.ts";
import { librarySpec, managerSpecs, type Spec, textSpec, unitSpecs } from "../../src/core/install/specs.ts";
import { PACKAGED_MARKER } from "../../src/core/systemd/unit-texts.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("a file in the place of", () => {
  const library = librarySpec("shim", "/lib/p/libportreserve.so", bytes("new"), "/lib/libc.so.6");
  const share = librarySpec("share", "/lib/p/libportreserve-share.so", bytes("new"), "/lib/libc.so.6");
  const rule = textSpec("/etc/r", "# ours\nnew\n", (text) => text.startsWith("# ours\n"), ["/etc"]);
  const holder = holderProgramSpec("/home/portreserve-hold", bytes("new"));
  const unit = holderUnitSpec("/units/portreserve-hold.service", "/home/portreserve-hold");
  const part = (isOurs: boolean): Spec =>
    managerSpecs("/home", [{ file: "dist/x", bytes: bytes("new"), isProgram: true }], isOurs)[0] as Spec;

  test.each([
    ["the library, with the shim's mark among its names", library, "\x7fELF\0portreserve_shim\0", true],
    ["the library, with the mark in a longer name", library, "\x7fELF\0my_portreserve_shim\0", false],
    ["the library, with nothing in it", library, "", false],
    ["the library, with the mark of the share library", library, "\x7fELF\0portreserve_share\0", false],
    ["the share library, with its mark", share, "\x7fELF\0portreserve_share\0", true],
    ["the share library, with the mark of the shim", share, "\x7fELF\0portreserve_shim\0", false],
    ["a text, that begins as ours do", rule, "# ours\nold\n", true],
    ["a text, that speaks of ours later", rule, "\n# ours\n", false],
    ["the holder, with its usage", holder, "\x7fELF\0usage: portreserve-hold [--root FOLDER]", true],
    ["the holder, with its name alone", holder, "\x7fELF\0portreserve-hold\0", false],
    [
      "its unit, of another version",
      unit,
      unit.wanted.kind === "file" ? `${Buffer.from(unit.wanted.bytes)}#` : "",
      true,
    ],
    ["its unit, by hand", unit, "[Unit]\n", false],
    ["the manager, in a folder of ours", part(true), "anything", true],
    ["the manager, in another folder", part(false), "new", false],
  ])("%s", (_, spec, content, ours) => {
    expect(spec.isOurs(bytes(content))).toBe(ours);
  });

  test("any of them, when it is a link, is somebody else's", () => {
    for (const spec of [library, share, rule, holder, unit]) expect(spec.isOurs("/x/libportreserve.so")).toBe(false);
  });
});

test("the link that enables the holder is ours where it leads to the unit", () => {
  const link = holderLinkSpec("/units/x.wants/h.service", "/units/h.service");
  expect(["/units/h.service", "/dev/null", bytes("/units/h.service")].map(link.isOurs)).toEqual([true, false, false]);
  expect(link.folders).toEqual(["/units/x.wants", "/units"]);
});

test("the part that says whose folder it is comes first, programs can be run, and folders are named from the inside out", () => {
  const parts = ["dist/a/b", "package.json", "c"].map((file, at) => ({ file, bytes: bytes(""), isProgram: at === 0 }));
  expect(
    managerSpecs("/home", parts, true).map(({ path, wanted, folders }) => ({
      path,
      mode: wanted.kind === "file" ? wanted.mode : undefined,
      folders,
    })),
  ).toEqual([
    { path: "/home/package.json", mode: 0o644, folders: ["/home"] },
    { path: "/home/dist/a/b", mode: 0o755, folders: ["/home/dist/a", "/home/dist", "/home"] },
    { path: "/home/c", mode: 0o644, folders: ["/home"] },
  ]);
});

test("where a package has the units, only links into the administrator's folder are left to make", () => {
  const choice = { folder: "/etc/units", watched: ["/a", "/b", "/c"], node: "/usr/bin/node", manager: "/m" };
  const paths = (packaged: object): readonly string[] => unitSpecs({ ...choice, ...packaged }).map(({ path }) => path);
  const specs = unitSpecs({ ...choice, packaged: "/usr/units" });
  const [files, links] = (["file", "link"] as const).map((kind) => specs.filter(({ wanted }) => wanted.kind === kind));
  expect(files?.map(({ path }) => path).every((path) => path.startsWith("/usr/units/"))).toBe(true);
  expect(links?.map(({ path, wanted }) => [path, wanted])).toContainEqual([
    "/etc/units/multi-user.target.wants/portreserve.service",
    { kind: "link", target: "/usr/units/portreserve.service" },
  ]);
  const [first] = files ?? [];
  expect(first?.wanted.kind === "file" && Buffer.from(first.wanted.bytes).toString().split("\n")[0]).toBe(
    PACKAGED_MARKER,
  );
  expect(paths({}).every((path) => path.startsWith("/etc/units/"))).toBe(true);
});
