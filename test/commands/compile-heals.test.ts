// compile over a table that is not as it should be: damaged, retired, of the wrong mode.
import { chmodSync, closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { native } from "../../src/core/native.ts";
import { asNobody, ctl, makeRoot, SERVICES, tableIn, tablePath } from "../support/cli.ts";

const FILES = { "etc/services": SERVICES, "etc/portreserve/cups": "ipp\n", "etc/portreserve/named": "rndc/tcp\n" };

test("heals a table with the wrong mode, and one that a cut short compile left retired", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  chmodSync(tablePath(root), 0o600);
  expect(ctl(["compile", "--root", root]).stdout).toBe(
    "written: '/etc/portreserve.table', generation 2, 2 tcp and 1 udp ports (the mode of the old table was not 0644)\n",
  );
  const bytes = readFileSync(tablePath(root));
  bytes.set(native().retiredMark, native().markOffset);
  writeFileSync(tablePath(root), bytes);
  expect(ctl(["compile", "--root", root]).stdout).toBe(
    "written: '/etc/portreserve.table', generation 3, 2 tcp and 1 udp ports (an earlier compile was cut short)\n",
  );
  expect(tableIn(root)).toMatchObject({ generation: 3n, retired: false });
  expect(statSync(tablePath(root)).mode & 0o7777).toBe(0o644);
});

test("replaces a table that its own owner may not write, and retires it all the same", () => {
  const root = makeRoot(FILES);
  for (const folder of ["", "etc", "run"]) chmodSync(path.join(root, folder), 0o777);
  expect(ctl(["compile", "--root", root], { under: asNobody }).status).toBe(0);
  chmodSync(tablePath(root), 0o444);
  // A descriptor of the old file stands for a mapping of it.
  const old = openSync(tablePath(root), "r");
  expect(ctl(["compile", "--root", root], { under: asNobody })).toEqual({
    status: 0,
    stdout:
      "written: '/etc/portreserve.table', generation 2, 2 tcp and 1 udp ports (the mode of the old table was not 0644)\n",
    stderr: "",
  });
  expect(native().decodeTable(readFileSync(old))).toMatchObject({ table: { generation: 1n, retired: true } });
  closeSync(old);
});

test.each([0, 1, 511])("heals a table cut to %i bytes", (size) => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  truncateSync(tablePath(root), size);
  expect(ctl(["compile", "--root", root]).stdout).toContain("(the old table was damaged)");
  expect(tableIn(root)).toMatchObject({ generation: 1n, tcp: [631, 953] });
});
