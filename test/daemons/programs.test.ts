// Programs that a preload reaches in other ways than usual, or not at all: setuid, static, 32-bit, built for musl.
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { built, COVERS, type Cover, noSandbox, play, THIEF_PID } from "../support/sandbox.ts";

const ONE_PORT = "test/daemons/programs/one-port.c";
const OWN_LOOP = "test/daemons/programs/own-loop.c";
const ownLoop = path.resolve(import.meta.dirname, "programs/own-loop.c");

const sandbox = await noSandbox();

/** The command's output as `thief`, with LD_PRELOAD set for it alone: what pidexec thinks of the library is not the question. */
async function run(cover: Cover, program: string, more: { shim?: string; before?: string; as?: string } = {}) {
  const script = `${more.before ?? ""}
cp "${program}" "$SCRATCH/program"
chmod 4755 "$SCRATCH/program"
if [ -z "$COVER" ]; then unset COVER; fi
"$PIDEXEC" --pid "$THIEF" -- env \${COVER:+LD_PRELOAD="$COVER"} ${more.as ?? ""} "$SCRATCH/program"
`;
  const { stdout, stderr } = await play(script, { cover, ...(more.shim ? { shim: more.shim } : {}) });
  return { stdout, stderr };
}

const stolen = { stdout: "uid 0 euid 0: 631\n", stderr: "" };
const spared = { stdout: "uid 0 euid 0: 632\n", stderr: "" };

const setuid = skipReason("root");
describe.skipIf(setuid !== undefined)(named("a setuid program started by another user", setuid), () => {
  const as = "setpriv --reuid=65534 --regid=65534 --clear-groups";
  const program = () => compileC(ONE_PORT);

  test("without the shim takes 631", async () => {
    expect(await run("nothing", program(), { as })).toEqual({ stdout: "uid 65534 euid 0: 631\n", stderr: "" });
  });
  test("is not covered through LD_PRELOAD, which it ignores", async () => {
    expect(await run("LD_PRELOAD", program(), { as })).toEqual({ stdout: "uid 65534 euid 0: 631\n", stderr: "" });
  });
  test("is covered through the preload list", async () => {
    expect(await run("preload list", program(), { as })).toEqual({ stdout: "uid 65534 euid 0: 632\n", stderr: "" });
  });
  test("is covered through LD_PRELOAD when its own user starts it, so the program is not the reason", async () => {
    expect(await run("LD_PRELOAD", program())).toEqual(spared);
  });
});

describe.skipIf(sandbox !== undefined).each(["-static", "-static-pie"])(
  named("a program linked with %s", sandbox),
  (flag) => {
    const program = () => compileC(ONE_PORT, [flag]);

    test.each(["nothing", ...COVERS] as const)(
      "with the shim through %s takes 631: no preload reaches it",
      async (cover) => {
        expect(await run(cover, program())).toEqual(stolen);
      },
    );
  },
);

const i386 = sandbox ?? skipReason("32-bit programs");
describe.skipIf(i386 !== undefined)(named("a 32-bit program", i386), () => {
  const program = () => compileC(ONE_PORT, ["-m32"]);

  test("without the shim takes 631", async () => {
    expect(await run("nothing", program())).toEqual(stolen);
  });
  test("is covered through LD_PRELOAD by the 32-bit shim", async () => {
    // env is a 64-bit program, but it is already running when it sets the variable.
    expect(await run("LD_PRELOAD", program(), { shim: built.shim32 })).toEqual(spared);
  });
  test.each(COVERS)("given the 64-bit shim through %s says so, runs, and takes 631", async (cover) => {
    const { stdout, stderr } = await run(cover, program());
    expect(stdout).toBe(stolen.stdout);
    expect(stderr).toBe(
      `ERROR: ld.so: object '${built.shim}' from ${cover === "LD_PRELOAD" ? cover : "/etc/ld.so.preload"} ` +
        "cannot be preloaded (wrong ELF class: ELFCLASS64): ignored.\n",
    );
  });
  test("and a 64-bit one are both covered, in silence, by one line of the preload list with $LIB", async () => {
    // What $LIB stands for differs between distributions, so the loader is asked, as the installer has to.
    const before = `for lib in lib/x86_64-linux-gnu lib64 lib; do mkdir -p "$SCRATCH/$lib"; cp "${built.shim}" "$SCRATCH/$lib/shim.so"; done
for lib in lib/i386-linux-gnu lib32; do mkdir -p "$SCRATCH/$lib"; cp "${built.shim32}" "$SCRATCH/$lib/shim.so"; done
echo "$SCRATCH/\\$LIB/shim.so" > /etc/ld.so.preload`;
    expect(await run("nothing", program(), { before })).toEqual(spared);
    expect(await run("nothing", compileC(ONE_PORT), { before })).toEqual(spared);
  });
});

const musl = sandbox ?? skipReason("musl");
describe.skipIf(musl !== undefined)(named("a program built for musl", musl), () => {
  const whole = () => compileC(ONE_PORT, [ownLoop], "musl-gcc");

  test.each(["nothing", ...COVERS] as const)(
    "that carries its own loop runs with the shim through %s, and takes 631",
    async (cover) => {
      expect(await run(cover, whole())).toEqual(stolen);
    },
  );

  describe("that has the function from a shared library, as libtirpc built for musl", () => {
    const library = () => compileC(OWN_LOOP, ["-shared", "-fPIC"], "musl-gcc");
    const program = () => compileC(ONE_PORT, [library()], "musl-gcc");

    test.each(["nothing", "preload list"] as const)(
      "takes 631 with the shim through %s: musl reads no such list",
      async (cover) => {
        expect(await run(cover, program())).toEqual(stolen);
      },
    );
    test("is covered through LD_PRELOAD: musl loads the shim, whose imports it has too", async () => {
      expect(await run("LD_PRELOAD", program())).toEqual(spared);
    });
  });
});

test("the process id of all these thefts asks for 631 first", () => {
  expect(600 + (THIEF_PID % 424)).toBe(631);
});
