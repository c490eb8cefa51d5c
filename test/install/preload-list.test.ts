// The preload list that was there: its other libraries stay loaded, and it is what it was once ours has gone.
import { describe, expect, test } from "vitest";
import { noImmutable } from "../recovery/rooms.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { ENTRY, LIST, library, noHost, onHost, treeDifferences } from "../support/host.ts";

const notHere = await noHost();
const other = (): string => compileC("test/recovery/plain.c", ["-shared", "-fPIC"]);
const ONE = "/usr/local/lib/libone.so";
const TWO = "/usr/local/lib/libtwo.so";

/** The libraries of a program that somebody else starts. */
const LOADED = `cp ${other()} ${ONE}; cp ${other()} ${TWO}
loaded() { nobody cat /proc/self/maps | grep -o '/[^ ]*lib\\(one\\|two\\|portreserve\\)\\.so' | sort -u; }
`;

describe.skipIf(notHere !== undefined)(named("a list that was there", notHere), () => {
  test.each([
    ["one library", `${ONE}\\n`, [ONE]],
    ["no newline at its end", ONE, [ONE]],
    ["libraries on one line, and comments", `# of old\\n${ONE}:${TWO} # both\\n`, [ONE, TWO]],
    ["newlines of DOS", `${ONE} \\r\\n${TWO} \\r\\n`, [ONE, TWO]],
    ["a comment of our entry", `#${ENTRY}\\n${ONE}\\n`, [ONE]],
    ["nothing in it", "", []],
    ["a library that is not there", `/nonexistent.so ${ONE}`, [ONE]],
  ])("with %s is the same after install and uninstall, and its libraries stay loaded", async (_, content, expected) => {
    const ran = await onHost(
      `${LOADED}
printf '${content}' >${LIST}
step before tree
step first loaded
step install ctl install
step between loaded
step again ctl install
step uninstall ctl uninstall
step end loaded
step after tree`,
      { noisy: true },
    );
    const seen = (name: string): readonly string[] =>
      ran(name)
        .stdout.split("\n")
        .filter((line) => line !== "");
    expect(seen("first")).toEqual(expected);
    expect(ran("install").status).toBe(0);
    expect(seen("between")).toEqual([library, ...expected].sort());
    expect(ran("again").stdout).toMatch(/^unchanged: everything is in its place\n/);
    expect(ran("uninstall").status).toBe(0);
    expect(seen("end")).toEqual(expected);
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });

  test("is found through a link, which stays", async () => {
    const ran = await onHost(`${LOADED}
mkdir /etc/lists; echo ${ONE} >/etc/lists/preload; ln -s lists/preload ${LIST}
step before tree
step install ctl install
step link readlink ${LIST}
step content cat /etc/lists/preload
step between loaded
step uninstall ctl uninstall
step after tree`);
    expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("link").stdout).toBe("lists/preload\n");
    expect(ran("content").stdout).toBe(`${ONE}\n${ENTRY}\n`);
    expect(ran("between").stdout).toBe(`${library}\n${ONE}\n`);
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });

  test("is made where a link to it leads", async () => {
    const ran = await onHost(`ln -s lists ${LIST}
step before tree
step install ctl install
step content cat /etc/lists
step uninstall ctl uninstall
step after tree`);
    expect(ran("content").stdout).toBe(`${ENTRY}\n`);
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });

  test("loses the second of two entries of ours, and then both", async () => {
    const ran = await onHost(`${LOADED}
ctl install >"$SCRATCH/log" 2>&1
printf '%s\\n' '${ENTRY}' ${ONE} '${ENTRY}' >${LIST}
step install ctl install
step content cat ${LIST}
step uninstall ctl uninstall
step end cat ${LIST}`);
    expect(ran("content").stdout).toBe(`${ENTRY}\n${ONE}\n`);
    expect(ran("end").stdout).toBe(`${ONE}\n`);
  });

  test("is readable for every program afterwards, which is said before and then, and has its old mode back after all", async () => {
    const ran = await onHost(`echo '# mine' >${LIST}; chmod 600 ${LIST}
step before tree
step dry ctl install --dry-run
step without nobody sh -c 'grep -c portreserve /proc/self/maps'
step install ctl install
step mode stat -c %a ${LIST}
step with nobody sh -c 'grep -c "lib.*portreserve.so" /proc/self/maps'
step again ctl install
step uninstall ctl uninstall
step after tree`);
    const note = (becomes: string): string =>
      `portreservectl: note: the mode of '${LIST}' ${becomes} from 0600 to 0644, since programs of every user have to read it\nhint: 'portreservectl uninstall' gives the old mode back\n`;
    expect(ran("dry").stderr).toContain(note("would be changed"));
    expect(ran("dry").stdout).toContain(`old mode 0600\nnew mode 0644\n--- ${LIST}\n`);
    expect(ran("install").stderr).toContain(note("was changed"));
    expect(ran("again").stderr).not.toContain("the mode of");
    expect(ran("uninstall").status).toBe(0);
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
    expect(ran("without").stdout).toBe("0\n");
    expect(ran("install").status).toBe(0);
    expect(ran("mode").stdout).toBe("644\n");
    expect(Number(ran("with").stdout)).toBeGreaterThan(0);
  });
});

const noChattr = notHere ?? (await noImmutable());

/** By what keeps the list from being changed. */
const obstacles = [
  [
    "a mount on the list",
    `: >${LIST}; : >"$SCRATCH/list"; mount --bind "$SCRATCH/list" ${LIST}`,
    `cannot write '${LIST}': resource busy or locked`,
    "something is mounted on the file: see 'findmnt'",
  ],
  [
    "a read-only /etc",
    "mount -o remount,ro /etc",
    "cannot write '/etc/portreserve.table': read-only file system; there is still no good table in force",
    "the file system is mounted read-only: see 'findmnt -T /etc', remount it, then run it again",
  ],
  [
    "a read-only /usr",
    "mount -o remount,ro /usr",
    `cannot make the folder '${library.replace(/\/[^/]*$/, "")}': read-only file system`,
    `the file system is mounted read-only: see 'findmnt -T ${library.replace(/\/[^/]*\/[^/]*$/, "")}', remount it, then run it again`,
  ],
] as const;

describe.skipIf(notHere !== undefined)(named("what keeps the list from being changed", notHere), () => {
  test.each(obstacles)("%s is named, and all is taken back", async (_, by, says, hint) => {
    const ran = await onHost(`${by}
step before tree
step install ctl install
step after tree`);
    expect(ran("install")).toEqual({
      status: 3,
      stdout: "",
      stderr: `portreservectl: error: ${says}; everything is as it was before\nhint: ${hint}\n`,
    });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });

  test.skipIf(noChattr !== undefined)(
    named("an immutable list is named, and all is taken back", noChattr),
    async () => {
      // An overlay has no such attribute.
      const ran = await onHost(`mkdir "$SCRATCH/etc"; cp -a /etc/. "$SCRATCH/etc"; mount --bind "$SCRATCH/etc" /etc
: >${LIST}
chattr +i ${LIST}
step before tree
step install ctl install
step after tree
chattr -i ${LIST}
step control ctl install`);
      expect(ran("install")).toEqual({
        status: 3,
        stdout: "",
        stderr: `portreservectl: error: cannot write '${LIST}': operation not permitted; everything is as it was before
hint: even root was refused: see 'lsattr -d' for an immutable file or folder, and the audit log
`,
      });
      expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
      expect(ran("control").status).toBe(0);
    },
  );
});
