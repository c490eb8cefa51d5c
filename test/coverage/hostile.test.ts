// Processes whose names, command lines, files and libraries hold newlines, escape codes and the words of our own reports.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { LIST, library, noHost, onHost } from "../support/host.ts";

const reason = await noHost();
const HERE = "test/coverage/zoo-programs";

const NASTY = [
  "line\nholder  1  bindresvport  covered",
  "\u001b[2J\u001b[32mcovered",
  "gone (deleted)",
  '"} 1\nportreserve_stolen_ports 0\n#',
  'a\\"b{c="d"},e',
  "\r\u0007\u009b31m",
] as const;

/** Runs each holder under its name, with the name as its argument and its own too, and waits for it. */
const SCRIPT = `set -u
mkdir -p /usr/local/nasty
n=0
for name in "$@"; do
  n=$((n + 1))
  cp "$HOLDER" "/usr/local/nasty/$name"
  mkdir "/usr/local/nasty/lib $name"
  cp "$LIBRARY" "/usr/local/nasty/lib $name/libnasty.so"
  pid=$((4000 + n))
  if [ "$n" = 4 ]; then pid=$THIEF; fi
  LD_LIBRARY_PATH="/usr/local/nasty/lib $name" LD_PRELOAD=libnasty.so \\
    "$PIDEXEC" --pid "$pid" -- "/usr/local/nasty/$name" "$name" >"$SCRATCH/said$n" &
  until grep -qs holds "$SCRATCH/said$n"; do sleep 0.02; done
done
`;

interface Document {
  readonly totals: { readonly allocatorsNotCovered: number; readonly stolen: number };
  readonly allocators: readonly { readonly kind: string; readonly program: string; readonly verdict: string }[];
}

const arguments_ = NASTY.map((name) => `'${name.replaceAll("'", "'\\''")}'`).join(" ");

describe.skipIf(reason !== undefined)(named("hostile processes", reason), () => {
  test("forge no line, no verdict and no metric", async () => {
    const holder = compileC([`${HERE}/take-bindresvport.c`, `${HERE}/holder.c`]);
    const steps = await onHost(
      `set -- ${arguments_}\n${SCRIPT}\nstep text ctl status --verbose\nstep json ctl status --json\nstep metrics ctl status --prometheus`,
      { environment: { HOLDER: holder, LIBRARY: compileC("test/commands/empty.c", ["-shared", "-fPIC"]) } },
    );
    const text = steps("text");
    expect(text).toMatchObject({ status: 0, stderr: "" });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(text.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text.stdout.split("\n").filter((line) => /^(holder|portreserve_|covered)/.test(line))).toEqual([]);

    const document: Document = JSON.parse(steps("json").stdout);
    const found = document.allocators.filter(({ kind }) => kind === "process");
    expect(found.map(({ program }) => program).sort()).toEqual(NASTY.map((name) => `/usr/local/nasty/${name}`).sort());
    expect(found.map(({ verdict }) => verdict)).toEqual(NASTY.map(() => "not covered"));

    const samples = steps("metrics")
      .stdout.trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("# "));
    const sample = /^portreserve_[a-z_]+(\{[a-z]+="([^"\\\n]|\\[\\"n])*"(,[a-z]+="([^"\\\n]|\\[\\"n])*")*\})? [0-9.]+$/;
    expect(samples.filter((line) => !sample.test(line))).toEqual([]);
    expect(samples).toContain(`portreserve_allocators{verdict="not covered"} ${document.totals.allocatorsNotCovered}`);
    // The one that is named like a metric has stolen a port.
    expect(document.totals.stolen).toBe(1);
    expect(samples.filter((line) => /^portreserve_stolen_ports [0-9]/.test(line))).toEqual([
      "portreserve_stolen_ports 1",
    ]);
  });

  test("are not covered by a file that only has the shim's name; by the shim they are", async () => {
    const holder = compileC([`${HERE}/take-bindresvport.c`, `${HERE}/holder.c`]);
    const fake = compileC("test/commands/empty.c", ["-shared", "-fPIC"]);
    const steps = await onHost(
      `step install ctl install
mkdir -p /usr/local/a /usr/local/b
cp "$HOLDER" /usr/local/a/libportreserve.so
cp "$FAKE" /usr/local/b/libportreserve.so
hold() { name=$1; shift; "$@" >"$SCRATCH/$name" & until grep -qs holds "$SCRATCH/$name"; do sleep 0.02; done; }
hold good "$HOLDER"
: >${LIST}
hold called /usr/local/a/libportreserve.so
LD_PRELOAD=/usr/local/b/libportreserve.so hold mapped "$HOLDER"
# In another mount namespace, where something else is in the shim's very place.
hold elsewhere unshare -m sh -c 'mount --bind "$FAKE" ${library}; LD_PRELOAD=${library} exec "$HOLDER"'
echo '${library}' >${LIST}
step json ctl status --json`,
      { environment: { HOLDER: holder, FAKE: fake } },
    );
    expect(steps("install").status).toBe(0);
    const document: Document = JSON.parse(steps("json").stdout);
    const found = document.allocators.filter(({ kind }) => kind === "process");
    expect(found.map(({ program, verdict }) => `${program === holder ? "holder" : program} ${verdict}`).sort()).toEqual(
      ["/usr/local/a/libportreserve.so not covered", "holder covered", "holder not covered", "holder not covered"],
    );
  });
});
