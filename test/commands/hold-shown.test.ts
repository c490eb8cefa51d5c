// What check, list and lookup say of held and blocked ports: whole outputs, and their documents.
import { expect, test } from "vitest";
import { ctl, makeRoot, put, SERVICES } from "../support/cli.ts";
import { schemaFaults } from "../support/schema.ts";

const FILES = {
  "etc/services": SERVICES,
  "etc/portreserve/cups": "ipp hold\n",
  "etc/portreserve/bmc": "623/udp block\n",
};
const TABLE = "/etc/portreserve.table";
const HOLD = "/etc/portreserve.hold";

function compiled(files: Readonly<Record<string, string>>): string {
  const root = makeRoot(files);
  ctl(["compile", "--root", root]);
  return root;
}

test("check counts what is held, says how the file stands, and gives both as data", () => {
  const root = makeRoot({ ...FILES, "etc/portreserve/nfs": "2049/tcp hold\n" });
  const counts = `3 held and 1 blocked ports in '${HOLD}': `;
  const missing = ctl(["check", "--root", root]);
  expect(missing.stdout).toContain(`${counts}missing\n`);
  expect(missing.stderr).toContain(
    `note: there is no '${HOLD}', so nothing is held or blocked yet\nhint: run 'sudo portreservectl compile --root ${root}'\n`,
  );
  ctl(["compile", "--root", root]);
  const fresh = ctl(["check", "--root", root]);
  expect(fresh).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`${counts}fresh, compiled from just this`),
  });
  expect(fresh.stderr).toBe(
    "portreservectl: note: /etc/portreserve/nfs:1:1: port 2049 is above 1023: bindresvport never hands it out\n" +
      "    2049/tcp hold\n    ^^^^\nhint: the kernel hands it to no socket without SO_REUSEADDR either, while it is held\n",
  );
  put(root, "etc/portreserve/nfs", "2049/tcp block\n");
  const stale = ctl(["check", "--root", root]);
  expect(stale.stdout).toContain(`2 held and 2 blocked ports in '${HOLD}': stale\n`);
  // The table has not changed by it.
  expect(stale.stdout).toContain(`table '${TABLE}': fresh`);
  expect(stale.stderr).toContain(
    "note: the configuration holds or blocks other ports than it did when it was compiled\n",
  );
  expect(JSON.parse(ctl(["check", "--json", "--root", root]).stdout)).toMatchObject({
    held: 2,
    blocked: 2,
    table: "fresh",
    holdFile: "stale",
  });
});

test("list has a column for the words, which says what all lines for the port come to", () => {
  const root = compiled({ ...FILES, "etc/portreserve/dual": "631/udp\nrsync/tcp\n2049/tcp hold\n" });
  expect(ctl(["list", "--root", root])).toEqual({
    status: 0,
    stdout:
      "PORT      OWNER  IN TABLE  WORD   MECHANISM  LINE\n" +
      "623/udp   bmc    yes       block  preload    /etc/portreserve/bmc:1\n" +
      "631/tcp   cups   yes       hold   preload    /etc/portreserve/cups:1\n" +
      "631/udp   cups   yes       hold   preload    /etc/portreserve/cups:1\n" +
      "631/udp   dual   yes       hold   preload    /etc/portreserve/dual:1\n" +
      "873/tcp   dual   yes       -      preload    /etc/portreserve/dual:2\n" +
      "2049/tcp  dual   -         hold   ephemeral  /etc/portreserve/dual:3\n" +
      "preload: bindresvport and rresvport hand these out; programs that run with the shim step over the ones in the table\n" +
      "hold: portreserve-hold keeps the port for its owner, who has to set SO_REUSEADDR; everybody else finds it in use\n" +
      "block: portreserve-hold keeps the port from everybody\n",
    stderr: "",
  });
  const document = JSON.parse(ctl(["list", "--json", "--root", root]).stdout);
  expect(document.holdFile).toBe("fresh");
  expect(document.reservations.map(({ port, kind }: { port: number; kind: string }) => `${port} ${kind}`)).toEqual([
    "623 block",
    "631 hold",
    "631 hold",
    "631 hold",
    "873 reserve",
    "2049 hold",
  ]);
  expect(schemaFaults("list", document)).toEqual([]);
});

test("lookup says what the file in force says, and that the configuration says otherwise", () => {
  const root = compiled({ ...FILES, "etc/portreserve/nfs": "2049/tcp hold\n" });
  const look = (port: string): string => ctl(["lookup", port, "--root", root]).stdout;
  expect(look("631/udp")).toBe("631/udp  reserved and held  cups  /etc/portreserve/cups:1\n");
  expect(look("623/udp")).toBe("623/udp  reserved and blocked  bmc  /etc/portreserve/bmc:1\n");
  expect(ctl(["lookup", "2049/tcp", "--root", root])).toEqual({
    status: 0,
    stdout: "2049/tcp  held  nfs  /etc/portreserve/nfs:1\n",
    stderr: "",
  });
  put(root, "etc/portreserve/cups", "ipp\n");
  const stale = ctl(["lookup", "631/udp", "--root", root]);
  expect(stale.stdout).toBe("631/udp  reserved and held  cups  /etc/portreserve/cups:1\n");
  expect(stale.stderr).toContain(
    "note: the configuration holds or blocks other ports than it did when it was compiled\n",
  );
  // Of no account for a port that both say the same of.
  expect(ctl(["lookup", "623/udp", "--root", root]).stderr).toBe("");
  const document = JSON.parse(ctl(["lookup", "--json", "631/udp", "--root", root]).stdout);
  expect(document).toMatchObject({
    holdFile: "stale",
    ports: [{ reserved: true, kept: "hold", claims: [{ kind: "reserve" }] }],
  });
  expect(schemaFaults("lookup", document)).toEqual([]);
});
