// A shim that would break programs never gets into a list: each kind is refused for its own reason, and the host is as before.
import { beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../src/core/elf/read-elf.ts";
import { bytesSource } from "../../src/core/elf/reader.ts";
import { differenceBetween, runAlone } from "../../src/system/host/trial.ts";
import { named } from "../support/can.ts";
import { abis, library, noHost, onHost, treeDifferences } from "../support/host.ts";
import type { Steps } from "../support/steps.ts";
import { crash, hang, packageWith, shims } from "./bad-shims.ts";

/** In milliseconds: some forty installations, one after the other. */
const LONG = 400_000;

const notHere = await noHost();
const names = Object.keys(shims);

/** glibc's own list ends with the newest version that has a number. */
function newestVersion(): string {
  const libc = readElf(bytesSource(abis[0]?.libc() ?? new Uint8Array()));
  if ("fault" in libc) throw new Error(libc.reason);
  return libc.versionsDefined.filter((version) => /^GLIBC_[\d.]+$/.test(version)).at(-1) ?? "";
}

describe.skipIf(notHere !== undefined)(named("a package whose shim", notHere), () => {
  let ran: Steps;
  beforeAll(async () => {
    const packages = Object.fromEntries(
      names.map((name, at) => [`BAD${at}`, packageWith(shims[name]?.library() ?? "")]),
    );
    const tries = (when: string, which: readonly string[]): string =>
      which
        .map((name) => names.indexOf(name))
        .map((at) => `MANAGER=$BAD${at}; step ${when}-${at} ctl install; step ${when}-${at}-tree tree`)
        .join("\n");
    // Programs that start all the time, of root and of somebody else. The pause lets others have the processor too.
    const watch = `( while [ ! -e "$SCRATCH/stop" ]; do
  echo one | cat >"$SCRATCH/seen"; nobody /bin/true; echo >>"$SCRATCH/rounds"; sleep 0.02
done ) 2>"$SCRATCH/complaints" &`;
    const watched = `: >"$SCRATCH/stop"; wait; rm "$SCRATCH/stop"; cat "$SCRATCH/complaints"; [ -s "$SCRATCH/rounds" ] || echo none`;
    const placed = "crashes under its final name only";
    ran = await onHost(
      `GOOD=$MANAGER
step before tree
${tries("first", names)}
MANAGER=$GOOD
step install ctl install
step installed tree
${watch}
${tries(
  "upgrade",
  names.filter((name) => name !== placed),
)}
watched() { ${watched}; }
step watched watched
${tries("upgrade", [placed])}
# The control: the same in the hands of somebody who does not know.
${watch}
spoil() {
  cp ${crash()} "$LIBRARY.new"; mv "$LIBRARY.new" "$LIBRARY"
  # By now the shell's own commands are all there is.
  count=0; while [ ! -s "$SCRATCH/complaints" ] && [ $count -lt 1000000 ]; do count=$((count + 1)); done
  : >/etc/ld.so.preload
}
step spoil spoil
step control watched`,
      { environment: { ...packages, LIBRARY: library }, timeout: LONG },
    );
  }, LONG + 10_000);

  test.each(names)("%s is refused, at first and as an upgrade", (name) => {
    const at = names.indexOf(name);
    const { says = "" } = shims[name] ?? {};
    const shown = says.replace("NEWEST", newestVersion());
    for (const [when, tree] of [
      ["first", "before"],
      ["upgrade", "installed"],
    ] as const) {
      const { status, stdout, stderr } = ran(`${when}-${at}`);
      const message = stderr
        .replace(/\/\S*\/prebuilds\/[^/]*/, "PACKAGE")
        .replace(/ byte \d+/, " byte END")
        // A trial may have met a change of the host itself; what the bytes say stays as it is.
        .replace("hint: run it again; if it says the same, get", "hint: get");
      expect({ status, stdout, message }).toEqual({
        status: 5,
        stdout: "",
        message: shown.replaceAll("\n", "\nhint: get another build of the package, and report this\n"),
      });
      expect(treeDifferences(ran(tree), ran(`${when}-${at}-tree`))).toEqual([]);
    }
  });

  test("is never noticed by programs that start meanwhile", () => {
    expect(ran("install").status).toBe(0);
    expect(ran("watched")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(ran("control").stdout).toContain("Aborted");
  });
});

test("a program that a library makes hang is ended, and told from one that ends", () => {
  const program = { command: ["/bin/true"] } as const;
  const alone = runAlone(program, undefined, 1);
  expect(differenceBetween(program, alone, runAlone(program, hang(), 1))).toEqual({
    command: "/bin/true",
    what: "did not end, and was killed; without the shim it ended with status 0",
  });
  expect(differenceBetween(program, alone, runAlone(program, undefined, 1))).toBe(undefined);
});
