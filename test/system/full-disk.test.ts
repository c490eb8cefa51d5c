// A full disk and a read-only /etc, both real, in a private mount namespace: the old table stays.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { ctl, makeRoot, node, SERVICES } from "../support/cli.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const noNamespace = skipReason("userns");

/** The script sees $ROOT and `ctl`; it prints what the test compares. */
function inNamespace(root: string, script: string): { status: number | null; stdout: string; stderr: string } {
  const prelude = `ctl() { "$NODE" "$MAIN" "$@" --root "$ROOT"; }\n`;
  return node([], {
    under: ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", prelude + script],
    env: { ROOT: root, NODE: NODE, MAIN },
  });
}

describe.skipIf(noNamespace !== undefined)(named("with mounts of its own", noNamespace), () => {
  test("a full disk: exit code 3, the old table stays in use, and no temporary file is left", () => {
    const root = makeRoot({ "etc/": "" });
    expect(
      inNamespace(
        root,
        `mount -t tmpfs -o size=256k,mode=755 none "$ROOT/etc"
mkdir "$ROOT/etc/portreserve"
echo 631 > "$ROOT/etc/portreserve/cups"
ctl compile >/dev/null
cp "$ROOT/etc/portreserve.table" "$ROOT/run/before"
echo 873 > "$ROOT/etc/portreserve/cups"
# dd ends with an error once the disk is full, which is what it is for.
dd if=/dev/zero of="$ROOT/etc/filler" bs=4k 2>/dev/null || true
status=0; ctl compile || status=$?
echo "status $status"
cmp "$ROOT/run/before" "$ROOT/etc/portreserve.table" && echo same
ls -A "$ROOT/etc"
rm "$ROOT/etc/filler"
ctl compile
`,
      ),
    ).toEqual({
      status: 0,
      stdout:
        "status 3\nsame\nfiller\nportreserve\nportreserve.table\n" +
        "- 631/tcp+udp\n+ 873/tcp+udp\nwritten: '/etc/portreserve.table', generation 2, 1 tcp and 1 udp ports (the configuration has changed)\n",
      stderr:
        "portreservectl: error: cannot write '/etc/portreserve.table': no space left on device; the old table is still in use\n" +
        "hint: free some space with 'df' and 'du', then run it again\n",
    });
  });

  test("a read-only /etc: exit code 3 and the old table stays in use; unchanged input needs no writing", () => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "631\n", "etc/portreserve/more": "" });
    ctl(["compile", "--root", root]);
    expect(
      inNamespace(
        root,
        `mount --bind "$ROOT/etc" "$ROOT/etc"
mount -o remount,ro,bind "$ROOT/etc"
ctl compile
mount -t tmpfs -o mode=755 none "$ROOT/etc/portreserve"
echo 873 > "$ROOT/etc/portreserve/rsyncd"
status=0; ctl compile || status=$?
echo "status $status"
ls -A "$ROOT/etc"
ctl lookup 631/tcp
`,
      ),
    ).toEqual({
      status: 0,
      stdout:
        "unchanged: '/etc/portreserve.table', generation 1, 1 tcp and 1 udp ports\n" +
        "status 3\nportreserve\nportreserve.table\nservices\n" +
        "631/tcp  reserved  -  only in the table\n",
      stderr:
        "portreservectl: error: cannot write '/etc/portreserve.table': read-only file system; the old table is still in use\n" +
        `hint: the file system is mounted read-only: see 'findmnt -T ${root}/etc', remount it, then run it again\n` +
        "portreservectl: note: the configuration has changed since the table was compiled\n" +
        `hint: run 'sudo portreservectl compile --root ${root}'\n`,
    });
  });

  test.each([
    ["of the right size, with a byte changed", 'printf x | dd of="$TABLE" bs=1 seek=40 conv=notrunc status=none'],
    ["without the last byte", 'truncate -s 4095 "$TABLE"'],
    ["of 100 bytes", 'truncate -s 100 "$TABLE"'],
    ["of 5000 bytes", 'truncate -s 5000 "$TABLE"'],
  ])("a damaged table %s is put back as it was when it cannot be replaced", (_, damage) => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "631\n" });
    ctl(["compile", "--root", root]);
    expect(
      inNamespace(
        root,
        `TABLE=$ROOT/etc/portreserve.table
${damage}
cp "$TABLE" "$ROOT/run/before"
mount --bind "$TABLE" "$TABLE"
status=0; ctl compile || status=$?
echo "status $status"
cmp "$TABLE" "$ROOT/run/before" && echo same
`,
      ),
    ).toEqual({
      status: 0,
      stdout: "status 3\nsame\n",
      stderr:
        "portreservectl: error: cannot write '/etc/portreserve.table': resource busy or locked; there is still no good table in force\n" +
        "hint: something is mounted on the file: see 'findmnt'\n",
    });
  });

  test("a table that something is mounted on: exit code 3, and it stays in use", () => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "631\n" });
    ctl(["compile", "--root", root]);
    expect(
      inNamespace(
        root,
        `mount --bind "$ROOT/etc/portreserve.table" "$ROOT/etc/portreserve.table"
echo 873 > "$ROOT/etc/portreserve/cups"
status=0; ctl compile || status=$?
echo "status $status"
ls -A "$ROOT/etc"
ctl check --json | grep -o '"table":"[a-z]*"'
`,
      ),
    ).toEqual({
      status: 0,
      stdout: 'status 3\nportreserve\nportreserve.table\nservices\n"table":"stale"\n',
      stderr:
        "portreservectl: error: cannot write '/etc/portreserve.table': resource busy or locked; the old table is still in use\n" +
        "hint: something is mounted on the file: see 'findmnt'\n",
    });
  });
});
