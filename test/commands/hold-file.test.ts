// compile and the words behind ports: the file that portreserve-hold reads, and what the other verbs say of it.
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ctl, makeRoot, put, SERVICES, tableIn } from "../support/cli.ts";

const FILES = {
  "etc/services": SERVICES,
  "etc/portreserve/cups": "ipp hold\n",
  "etc/portreserve/bmc": "623/udp block\n",
};
const COMPILED = "portreserve-hold 1\nhold tcp 631\nblock udp 623\nhold udp 631\nend 3\n";
const TABLE = "/etc/portreserve.table";
const HOLD = "/etc/portreserve.hold";

function holdPath(root: string): string {
  return path.join(root, HOLD);
}

function holdIn(root: string): string {
  return readFileSync(holdPath(root), "utf8");
}

function compiled(files: Readonly<Record<string, string>> = FILES): string {
  const root = makeRoot(files);
  ctl(["compile", "--root", root]);
  return root;
}

describe("compile", () => {
  test("writes the file beside the table, and says what is held from then on", () => {
    const root = makeRoot(FILES);
    expect(ctl(["compile", "--root", root])).toEqual({
      status: 0,
      stdout:
        "+ 623/udp\n+ 631/tcp+udp\n" +
        `written: '${TABLE}', generation 1, 1 tcp and 2 udp ports (there was no table)\n` +
        "+ block 623/udp\n+ hold 631/tcp+udp\n" +
        `written: '${HOLD}', 2 held and 1 blocked ports (there was no such file)\n`,
      stderr: "",
    });
    expect(holdIn(root)).toBe(COMPILED);
    expect(tableIn(root)).toMatchObject({ tcp: [631], udp: [623, 631] });
    expect(statSync(holdPath(root)).mode & 0o7777).toBe(0o644);
  });

  test("writes nothing, not even a time, where the same is to be held, in whatever words", () => {
    const root = compiled();
    const look = (): unknown => {
      const { ino, mtimeNs, ctimeNs } = statSync(holdPath(root), { bigint: true });
      return { ino, mtimeNs, ctimeNs, folder: statSync(path.join(root, "etc"), { bigint: true }).mtimeNs };
    };
    const before = look();
    put(root, "etc/portreserve/cups", "# CUPS\n631/udp HOLD\nipp\n631/tcp\thold\n");
    expect(ctl(["compile", "--root", root])).toEqual({
      status: 0,
      stdout:
        `unchanged: '${TABLE}', generation 1, 1 tcp and 2 udp ports\n` +
        `unchanged: '${HOLD}', 2 held and 1 blocked ports\n`,
      stderr: "",
    });
    expect(look()).toEqual(before);
  });

  test("changes the file alone where only words change, and shows a dry run as a difference", () => {
    const root = compiled();
    put(root, "etc/portreserve/cups", "631/tcp block\n631/udp\n");
    const table = `unchanged: '${TABLE}', generation 1, 1 tcp and 2 udp ports\n`;
    const change = "- hold 631/tcp+udp\n+ block 631/tcp\n";
    expect(ctl(["compile", "--dry-run", "--root", root])).toEqual({
      status: 0,
      stdout: `${table}${change}would write: '${HOLD}', 0 held and 2 blocked ports (the configuration has changed)\n`,
      stderr: "",
    });
    expect(holdIn(root)).toBe(COMPILED);
    expect(ctl(["compile", "--root", root]).stdout).toBe(
      `${table}${change}written: '${HOLD}', 0 held and 2 blocked ports (the configuration has changed)\n`,
    );
    expect(holdIn(root)).toBe("portreserve-hold 1\nblock tcp 631\nblock udp 623\nend 2\n");
  });

  test("removes the file once nothing is held, and makes none where nothing ever was", () => {
    const root = compiled();
    put(root, "etc/portreserve/cups", "ipp\n");
    put(root, "etc/portreserve/bmc", "623/udp\n");
    const table = `unchanged: '${TABLE}', generation 1, 1 tcp and 2 udp ports\n`;
    const change = "- block 623/udp\n- hold 631/tcp+udp\n";
    expect(ctl(["compile", "--dry-run", "--root", root]).stdout).toBe(
      `${table}${change}would remove: '${HOLD}', since nothing is held or blocked\n`,
    );
    expect(existsSync(holdPath(root))).toBe(true);
    expect(ctl(["compile", "--root", root])).toEqual({
      status: 0,
      stdout: `${table}${change}removed: '${HOLD}', since nothing is held or blocked\n`,
      stderr: "",
    });
    expect(existsSync(holdPath(root))).toBe(false);
    expect(ctl(["compile", "--root", root]).stdout).toBe(table);
    expect(existsSync(holdPath(root))).toBe(false);
  });

  test("heals a file that is damaged, missing or of another mode, whatever the table", () => {
    const root = compiled();
    const healed = (why: string): string =>
      `unchanged: '${TABLE}', generation 1, 1 tcp and 2 udp ports\n` +
      `written: '${HOLD}', 2 held and 1 blocked ports (${why})\n`;
    chmodSync(holdPath(root), 0o600);
    expect(ctl(["compile", "--root", root]).stdout).toBe(healed("the mode of the old file was not 0644"));
    expect(statSync(holdPath(root)).mode & 0o7777).toBe(0o644);
    for (const damaged of [COMPILED.slice(0, -3), "", `${COMPILED}hold tcp 700\n`]) {
      writeFileSync(holdPath(root), damaged);
      expect(ctl(["compile", "--root", root]).stdout).toContain("(the old file was damaged)\n");
      expect(holdIn(root)).toBe(COMPILED);
    }
  });

  test("leaves what is not its own where nothing is held, and refuses what is no file where something is", () => {
    const root = compiled({
      "etc/services": SERVICES,
      "etc/portreserve/cups": "ipp\n",
      "etc/portreserve.hold": "notes\n",
    });
    expect(ctl(["compile", "--root", root])).toEqual({
      status: 0,
      stdout: `unchanged: '${TABLE}', generation 1, 1 tcp and 1 udp ports\n`,
      stderr:
        `portreservectl: warning: nothing is held or blocked, and '${HOLD}' was left there: it is not a file that portreserve has written\n` +
        "hint: find out who made it, and move it away\n",
    });
    expect(holdIn(root)).toBe("notes\n");
    const other = makeRoot({ ...FILES, "etc/portreserve.hold/": "" });
    expect(ctl(["compile", "--root", other])).toEqual({
      status: 5,
      stdout: "",
      stderr:
        `portreservectl: error: refusing to replace '${HOLD}': it is a directory; nothing was changed\n` +
        "hint: find out who made it, and move it away\n",
    });
    expect(existsSync(path.join(other, TABLE))).toBe(false);
  });

  test("follows a link inside the root, and keeps it", () => {
    const root = makeRoot({ ...FILES, "srv/": "" });
    symlinkSync("/srv/hold", holdPath(root));
    expect(ctl(["compile", "--root", root]).status).toBe(0);
    expect(lstatSync(holdPath(root)).isSymbolicLink()).toBe(true);
    expect(readFileSync(path.join(root, "srv/hold"), "utf8")).toBe(COMPILED);
  });

  test("takes away what killed runs left beside it", () => {
    const root = compiled({ ...FILES, "etc/.portreserve.hold.0123456789abcdef.tmp": "half" });
    expect(existsSync(path.join(root, "etc/.portreserve.hold.0123456789abcdef.tmp"))).toBe(false);
  });

  test("refuses to starve the kernel, unless forced, and --strict keeps both old files", () => {
    const root = compiled();
    put(root, "etc/portreserve/many", "665-1000/tcp hold\n");
    const refused = ctl(["compile", "--root", root]);
    expect(refused).toEqual({
      status: 5,
      stdout: "",
      stderr:
        "portreservectl: error: only 23 ports of 665 to 1023 would be left to hand out for tcp, and where some are held the kernel's NFS client needs at least 64: with none its mounts time out; the old table is still in use\n" +
        "hint: hold or reserve fewer ports, or use --force to compile it as it is\n",
    });
    expect(holdIn(root)).toBe(COMPILED);
    expect(ctl(["check", "--root", root]).stderr).toContain("error: only 23 ports of 665 to 1023");
    expect(ctl(["compile", "--force", "--root", root]).stdout).toContain("338 held and 1 blocked ports");
    expect(ctl(["check", "--root", root]).stderr).toContain("note: only 23 ports of 665 to 1023");
    put(root, "etc/portreserve/many", "700/tcp hold\n701 hodl\n");
    const before = holdIn(root);
    expect(ctl(["compile", "--strict", "--root", root]).status).toBe(1);
    expect(holdIn(root)).toBe(before);
  });

  test("lets no held port go because the services cannot be read", () => {
    const services = `${SERVICES}nfs 2049/tcp\n`;
    const root = compiled({ ...FILES, "etc/services": services, "etc/portreserve/nfs": "nfs/tcp hold\n" });
    expect(holdIn(root)).toContain("hold tcp 2049\n");
    put(root, "etc/portreserve/cups", "631 hold\n");
    const unread = makeRoot({
      ...FILES,
      "etc/portreserve/cups": "631 hold\n",
      "etc/portreserve/nfs": "nfs/tcp hold\n",
    });
    for (const file of [TABLE, HOLD]) writeFileSync(path.join(unread, file), readFileSync(path.join(root, file)));
    const file = path.join(unread, "etc/services");
    writeFileSync(file, "x".repeat(5 * 1024 * 1024));
    const refused = ctl(["compile", "--root", unread]);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain(
      "error: '/etc/services' cannot be read, and without it 2049/tcp would no longer be held or blocked; the old table is still in use\n",
    );
    expect(holdIn(unread)).toContain("hold tcp 2049\n");
  });

  test("gives the same as data", () => {
    const root = makeRoot(FILES);
    const all = [
      { kind: "hold", port: 631, protocol: "tcp" },
      { kind: "block", port: 623, protocol: "udp" },
      { kind: "hold", port: 631, protocol: "udp" },
    ];
    const hold = (args: readonly string[]): unknown =>
      JSON.parse(ctl(["compile", "--json", ...args, "--root", root]).stdout).hold;
    expect(hold(["--dry-run"])).toEqual({ result: "written", ports: all, added: all, removed: [], holder: null });
    expect(hold([])).toEqual({ result: "written", ports: all, added: all, removed: [], holder: "image" });
    expect(hold([])).toEqual({ result: "unchanged", ports: all, added: [], removed: [], holder: "image" });
    put(root, "etc/portreserve/cups", "");
    put(root, "etc/portreserve/bmc", "");
    expect(hold([])).toEqual({ result: "removed", ports: [], added: [], removed: all, holder: "image" });
    expect(hold([])).toEqual({ result: "none", ports: [], added: [], removed: [], holder: "image" });
  });
});

test("uninstall takes the file away with the table, and only one that is its own", () => {
  const root = compiled();
  expect(ctl(["uninstall", "--dry-run", "--root", root]).stdout).toContain(`--- ${HOLD}\n+++ /dev/null\n`);
  expect(existsSync(holdPath(root))).toBe(true);
  expect(ctl(["uninstall", "--root", root]).stdout).toContain(`removed: '${HOLD}'\n`);
  expect(existsSync(holdPath(root))).toBe(false);
  put(root, HOLD, "notes\n");
  ctl(["uninstall", "--root", root]);
  expect(holdIn(root)).toBe("notes\n");
});
