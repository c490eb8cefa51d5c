// hold and unhold in an image: nothing runs there to be asked, so that all is unchecked; the files and the link are what changes.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { holderUnitText } from "../../src/core/systemd/holder-unit-text.ts";
import { HOLDER_FILE, HOLDER_UNIT, HOLDER_WANTED } from "../../src/system/paths.ts";
import { ctl, makeRoot, put, SERVICES } from "../support/cli.ts";
import { schemaFaults } from "../support/schema.ts";

const FILES = {
  "etc/services": SERVICES,
  "etc/portreserve/cups": "# printing\r\nipp # CUPS\r\n",
  "etc/portreserve/bmc": "600-603/udp block",
  [`etc/systemd/system/${HOLDER_UNIT}`]: holderUnitText(HOLDER_FILE),
  [HOLDER_FILE.slice(1)]: "program",
};

function image(files: Readonly<Record<string, string>> = {}): string {
  return makeRoot({ ...FILES, ...files });
}

function textOf(root: string, file: string): string {
  return readFileSync(path.join(root, file), "latin1");
}

test("every port needs --unchecked, and then gets its word, the compiled file and the link of the unit", () => {
  const root = image();
  const file = path.join(root, "etc/portreserve/cups");
  chmodSync(file, 0o600);
  const down = ctl(["hold", "cups", "--root", root]);
  expect(down).toMatchObject({
    status: 5,
    stdout: expect.stringContaining("631/tcp  not known: nothing runs in an image, so its owner cannot be asked"),
    stderr: expect.stringContaining("hint: add --unchecked if its owner is known to set SO_REUSEADDR\n"),
  });
  expect(textOf(root, "etc/portreserve/cups")).toBe(FILES["etc/portreserve/cups"]);
  expect(existsSync(path.join(root, "etc/portreserve.hold"))).toBe(false);

  const planned = ctl(["hold", "cups", "--unchecked", "--dry-run", "--root", root]);
  expect(planned.status).toBe(0);
  expect(planned.stdout).toContain("-ipp # CUPS");
  expect(planned.stdout).toContain("+ipp hold # CUPS");
  expect(planned.stdout).toContain(`would be enabled: '${HOLDER_UNIT}'\n`);
  expect(textOf(root, "etc/portreserve/cups")).toBe(FILES["etc/portreserve/cups"]);

  const held = ctl(["hold", "cups", "--unchecked", "--root", root]);
  expect(held).toMatchObject({ status: 0, stderr: "" });
  expect(held.stdout).toContain(`\nenabled: '${HOLDER_UNIT}'\n`);
  expect(textOf(root, "etc/portreserve/cups")).toBe("# printing\r\nipp hold # CUPS\r\n");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(textOf(root, "etc/portreserve.hold")).toContain("\nhold tcp 631\n");
  expect(readlinkSync(path.join(root, HOLDER_WANTED))).toContain(HOLDER_UNIT);

  const again = JSON.parse(ctl(["hold", "cups", "--unchecked", "--json", "--root", root]).stdout);
  expect(again).toMatchObject({
    result: "unchanged",
    changes: [],
    ports: [{ answer: "already" }, { answer: "already" }],
  });
  expect(schemaFaults("hold", again)).toEqual([]);
});

test("the last port that is let go takes the link away, and a part of a line leaves the rest as it was", () => {
  const root = image();
  expect(ctl(["hold", "600/udp", "631/udp", "--unchecked", "--root", root]).status).toBe(0);
  expect(textOf(root, "etc/portreserve/bmc")).toBe("600-603/udp\n601-603/udp block\n600/udp hold");
  expect(textOf(root, "etc/portreserve/cups")).toBe("# printing\r\nipp # CUPS\r\n631/udp hold\r\n");
  expect(textOf(root, "etc/portreserve.hold")).toBe(
    "portreserve-hold 1\nhold udp 600\nblock udp 601\nblock udp 602\nblock udp 603\nhold udp 631\nend 5\n",
  );
  expect(ctl(["unhold", "bmc", "--root", root]).stdout).not.toContain(HOLDER_UNIT);
  const last = ctl(["unhold", "ipp", "--root", root]);
  expect(last).toMatchObject({ status: 0, stderr: "" });
  expect(last.stdout).toContain(`\ndisabled: '${HOLDER_UNIT}', since nothing is held any more\n`);
  expect(existsSync(path.join(root, "etc/portreserve.hold"))).toBe(false);
  expect(existsSync(path.join(root, HOLDER_WANTED))).toBe(false);
  expect(textOf(root, "etc/portreserve/bmc")).toBe("600-603/udp\n601-603/udp\n600/udp");
});

test("one of several owners is enough, and a link is followed to the file that it leads to", () => {
  const root = image({ "srv/dual": "631/tcp\n" });
  symlinkSync("/srv/dual", path.join(root, "etc/portreserve/a-dual"));
  expect(ctl(["hold", "631/tcp", "--unchecked", "--root", root]).status).toBe(0);
  expect(textOf(root, "srv/dual")).toBe("631/tcp hold\n");
  expect(lstatSync(path.join(root, "etc/portreserve/a-dual")).isSymbolicLink()).toBe(true);
  expect(textOf(root, "etc/portreserve/cups")).toBe(FILES["etc/portreserve/cups"]);
  // The owner that is named gets it all the same, and of the other's word nothing is left.
  expect(ctl(["hold", "cups", "--block", "--root", root]).status).toBe(0);
  expect(textOf(root, "srv/dual")).toBe("631/tcp block\n");
  expect(textOf(root, "etc/portreserve/cups")).toBe("# printing\r\nipp block # CUPS\r\n");
});

test("a port that no file asks for gets one that is named after its service, in a folder that is made", () => {
  const root = makeRoot({
    "etc/services": SERVICES,
    [`etc/systemd/system/${HOLDER_UNIT}`]: holderUnitText(HOLDER_FILE),
    [HOLDER_FILE.slice(1)]: "program",
  });
  const held = ctl(["hold", "993/tcp", "2049", "--unchecked", "--root", root]);
  expect(held.status).toBe(0);
  const head = "# written by 'portreservectl hold 993/tcp 2049 --unchecked'\n";
  expect(textOf(root, "etc/portreserve/imaps")).toBe(`${head}993/tcp hold\n`);
  expect(textOf(root, "etc/portreserve/port-2049")).toBe(`${head}2049 hold\n`);
});

test("what would leave the kernel too few ports changes nothing, unless it is forced", () => {
  const root = image({ "etc/portreserve/many": "665-1000/tcp\n" });
  const refused = ctl(["hold", "many", "--unchecked", "--root", root]);
  expect(refused.status).toBe(5);
  expect(refused.stderr).toMatch(
    /error: only \d+ ports of 665 to 1023 would be left[^\n]*NFS client needs at least 64/,
  );
  expect(refused.stderr).toContain("hint: hold or reserve fewer ports, or use --force");
  expect(textOf(root, "etc/portreserve/many")).toBe("665-1000/tcp\n");
  expect(ctl(["hold", "many", "--unchecked", "--force", "--root", root]).status).toBe(0);
  expect(textOf(root, "etc/portreserve/many")).toBe("665-1000/tcp hold\n");
});

test.each([
  ["a unit that is not there", { [`etc/systemd/system/${HOLDER_UNIT}`]: undefined }, 3, "is not installed"],
  ["a program that is not there", { [HOLDER_FILE.slice(1)]: undefined }, 3, "is not installed"],
  ["somebody else's unit", { [`etc/systemd/system/${HOLDER_UNIT}`]: "[Service]\n" }, 5, "would have put there"],
])("with %s nothing is changed", (_, change, status, text) => {
  const files = Object.entries({ ...FILES, ...change }).filter((one): one is [string, string] => one[1] !== undefined);
  const root = makeRoot(Object.fromEntries(files));
  const refused = ctl(["hold", "cups", "--unchecked", "--root", root]);
  expect(refused).toMatchObject({ status, stderr: expect.stringContaining(text) });
  expect(refused.stderr).toContain("; nothing was changed\nhint: ");
  expect(textOf(root, "etc/portreserve/cups")).toBe(FILES["etc/portreserve/cups"]);
  expect(existsSync(path.join(root, "etc/portreserve.table"))).toBe(false);
});

test("what cannot be enabled is taken back, and what is in force follows", () => {
  const root = image({ "etc/systemd/system/sysinit.target.wants": "no folder" });
  ctl(["compile", "--root", root]);
  const before = ["portreserve/cups", "portreserve.hold", "portreserve.table"].map((name) =>
    textOf(root, `etc/${name}`),
  );
  const failed = ctl(["hold", "cups", "--unchecked", "--root", root]);
  expect(failed).toMatchObject({ status: 3, stdout: "" });
  expect(failed.stderr).toContain("; the words in '/etc/portreserve' were taken back\n");
  const [words, hold] = before;
  expect([textOf(root, "etc/portreserve/cups"), textOf(root, "etc/portreserve.hold")]).toEqual([words, hold]);
  expect(ctl(["check", "--root", root]).stdout).toMatch(/fresh[\s\S]*fresh/);
});

test("what is no file is left alone, and a name that means nothing is a usage error", () => {
  const root = image();
  mkdirSync(path.join(root, "etc/portreserve/imaps"));
  const other = ctl(["hold", "993/tcp", "--unchecked", "--root", root]);
  expect(other).toMatchObject({ status: 5, stderr: expect.stringContaining("'/etc/portreserve/imaps' is not a file") });
  put(root, "etc/portreserve/empty", "# nothing\n");
  const words = ["nosuch", "700/sctp", "70000", "empty"];
  expect(words.map((word) => ctl(["hold", word, "--root", root]).status)).toEqual([2, 2, 2, 2]);
  expect(ctl(["unhold", "600-610", "--root", root]).stderr).toContain(
    "'600-610' is a range, and unhold takes one port",
  );
});
