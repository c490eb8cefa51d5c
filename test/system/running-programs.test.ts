// Programs that have the table mapped obey the next one that is compiled, whatever became of the old file meanwhile.
import { describe, expect, test } from "vitest";
import { ALLOCATOR } from "../preload/allocator.ts";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { noSandbox, type Played, play, tableOf } from "../support/sandbox.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const reason = await noSandbox();
const TABLE = "/etc/portreserve.table";

const request = {
  cover: "LD_PRELOAD",
  empty: ["/run"],
  etc: { "portreserve/next": "633\n", services: "" },
  environment: {
    NODE: NODE,
    MAIN,
    ALLOCATOR: compileC(ALLOCATOR),
    THIEF: "21231",
    PORTRESERVE_PREBUILD: process.env.PORTRESERVE_PREBUILD ?? "",
  },
} as const;

/** The program takes a port with the table that reserves 631, then `meanwhile` happens, then it takes two more. */
function steps(meanwhile: string): string {
  return `thief "$ALLOCATOR" bindresvport udp any '${`sh:${meanwhile}`.replaceAll("'", "'\\''")}' udp any udp any`;
}

const COMPILE = 'env -u LD_PRELOAD "$NODE" "$MAIN" compile';
const obeyed = "632@0.0.0.0 sin=632\n634@0.0.0.0 sin=634\n635@0.0.0.0 sin=635\n";
const ignored = "632@0.0.0.0 sin=632\n633@0.0.0.0 sin=633\n634@0.0.0.0 sin=634\n";

describe.skipIf(reason !== undefined)(named("a program that has the table mapped", reason), () => {
  test.each([
    ["is as it was", "true"],
    ["was damaged in one byte", `printf x | dd of=${TABLE} bs=1 seek=40 conv=notrunc status=none`],
    ["grew by one byte", `printf x >> ${TABLE}`],
    ["was cut to 100 bytes", `truncate -s 100 ${TABLE}`],
    ["was damaged in one byte, and may not be written", `printf x >> ${TABLE}; chmod 444 ${TABLE}`],
  ])("obeys the next table where the old file %s", async (_, damage) => {
    const { stdout, stderr } = await play(steps(`${damage}; ${COMPILE} >/dev/null`), request);
    expect({ stdout, stderr }).toEqual({ stdout: obeyed, stderr: "" });
  });

  test("control: does not obey one that is renamed over the old one", async () => {
    const etc = { ...request.etc, "next.table": tableOf(633) };
    const { stdout } = await play(steps(`mv /etc/next.table ${TABLE}`), { ...request, etc });
    expect(stdout).toBe(ignored);
  });

  // All layers on one file system, and on two: the copy keeps the inode number only in the former.
  describe.each([
    // Of /etc only what these programs read: an ordinary user cannot copy all of it.
    [
      "one file system",
      'cp -Rp /etc/portreserve /etc/portreserve.table /etc/bindresvport.blacklist /etc/services "$SCRATCH/lower/"',
      "$SCRATCH/lower",
    ],
    ["two", 'layers=$SCRATCH/other; mkdir "$layers"; mount -t tmpfs -o mode=755 other "$layers"', "/etc"],
  ])("on an overlay over %s", (_, prepare, lower) => {
    const onOverlay = (script: string, before = ""): Promise<Played> =>
      play(
        `${before}
layers=$SCRATCH
mkdir "$SCRATCH/lower"
${prepare}
mkdir "$layers/upper" "$layers/work"
over() { mount -t overlay -o "lowerdir=${lower},upperdir=$layers/upper,workdir=$layers/work$1" overlay /etc; }
over "" 2>/dev/null || over ,userxattr || exit
findmnt -n -o FSTYPE /etc | tail -n 1
${script}`,
        // So that this is not a third overlay file system where the host's root is one already.
        { ...request, layer: "copy" },
      );
    const note =
      `portreservectl: note: the old '${TABLE}' was in a lower layer of an overlay file system: ` +
      "programs that have used it already stay with it until they are restarted\n" +
      "hint: restart them this once: they notice later tables by themselves\n";

    test.each([
      ["", ""],
      [", also where its mode is wrong", `chmod 600 ${TABLE}`],
    ])("is out of reach while the old table is in the lower layer, and compile says so%s", async (_, before) => {
      const { stdout, stderr } = await onOverlay(steps(`${COMPILE} >/dev/null`), before);
      expect({ stdout, stderr }).toEqual({ stdout: `overlay\n${ignored}`, stderr: note });
    });

    test("obeys every later table, and compile is silent", async () => {
      const script = `echo 700 > /etc/portreserve/next; ${COMPILE} >/dev/null 2>&1; echo 633 > /etc/portreserve/next
${steps(`${COMPILE} >/dev/null`)}`;
      const { stdout, stderr } = await onOverlay(script);
      expect({ stdout, stderr }).toEqual({
        stdout: "overlay\n631@0.0.0.0 sin=631\n632@0.0.0.0 sin=632\n634@0.0.0.0 sin=634\n",
        stderr: "",
      });
    });
  });

  const noRoot = skipReason("root");
  test.skipIf(noRoot !== undefined)(
    named("obeys a table of root: that of another user becomes root's on the host", noRoot),
    async () => {
      const script = `chown 65534:65534 ${TABLE}; ${COMPILE} >/dev/null; stat -c '%u:%g %a' ${TABLE}`;
      const { stdout, stderr } = await play(script, request);
      expect({ stdout, stderr }).toEqual({ stdout: "0:0 644\n", stderr: "" });
    },
  );
});
