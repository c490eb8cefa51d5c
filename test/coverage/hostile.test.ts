// Processes whose names, command lines, files and libraries hold newlines, escape codes and the words of our own reports.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { LIST, library, noHost, onHost } from "../support/host.ts";
import { metricFaults } from "../support/metrics-lint.ts";
import { parsePlugin } from "../support/plugin.ts";
import { schemaFaults } from "../support/schema.ts";

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

/** Bytes that are no text, for printf(1), and as reports hold them. */
const BYTES = { octal: "half\\377\\342\\202 \\300\\257", text: "half\udcff\udce2\udc82 \udcc0\udcaf" } as const;
const NAMES: readonly string[] = [...NASTY, BYTES.text];

/**
 * Runs each holder under its name, with the name as its argument, its library's folder and an owner of 631, and
 * waits for it. Then asks everything, as root and as nobody.
 */
const SCRIPT = `set -u
mkdir -p /usr/local/nasty
n=0
for name in "$@"; do
  n=$((n + 1))
  cp "$HOLDER" "/usr/local/nasty/$name"
  mkdir "/usr/local/nasty/lib $name"
  cp "$LIBRARY" "/usr/local/nasty/lib $name/libnasty.so"
  # The one that is named like a metric steals 631, the others own it.
  if [ "$n" = 4 ]; then pid=$THIEF; else pid=$((4000 + n)); echo 631 >"/etc/portreserve/$name"; fi
  LD_LIBRARY_PATH="/usr/local/nasty/lib $name" LD_PRELOAD=libnasty.so \\
    "$PIDEXEC" --pid "$pid" -- "/usr/local/nasty/$name" "$name" >"$SCRATCH/said$n" &
  until grep -qs holds "$SCRATCH/said$n"; do sleep 0.02; done
done
step compile ctl compile
ask() { step "$(echo "$1 $2" | tr " " _)" $1 "$NODE" "$MANAGER" $2; }
for verb in status map list "lookup 631" "verify --quick"; do ask env "$verb"; ask env "$verb --json"; ask nobody "$verb --json"; done
ask nobody status
ask nobody "status --prometheus"
ask env "status --prometheus"
ask env "status --nagios -t 60"
ask env "verify --quick --json --pid $THIEF"
step owner1 ctl lookup "$1" --json
step owner5 ctl lookup "$5" --json
`;

interface Document {
  readonly totals: { readonly allocatorsNotCovered: number; readonly stolen: number };
  readonly allocators: readonly { readonly kind: string; readonly program: string; readonly verdict: string }[];
}

const arguments_ = [...NASTY.map((name) => `'${name.replaceAll("'", "'\\''")}'`), `"$(printf '${BYTES.octal}')"`];

/** What somebody can write who has no right to a line of his own. */
const FORGED = /^(holder|portreserve_|covered|.*half[^\\])/;

describe.skipIf(reason !== undefined)(named("hostile processes", reason), () => {
  test("forge no line, no verdict, no document and no metric", async () => {
    const holder = compileC([`${HERE}/take-bindresvport.c`, `${HERE}/holder.c`]);
    const steps = await onHost(`set -- ${arguments_.join(" ")}\n${SCRIPT}`, {
      environment: { HOLDER: holder, LIBRARY: compileC("test/commands/empty.c", ["-shared", "-fPIC"]) },
    });
    const verbs = ["status", "map", "list", "lookup_631", "verify_--quick"] as const;
    const statusOf = (question: string): number => (question.includes("verify") ? 1 : 0);
    for (const question of ["nobody_status", ...verbs.map((verb) => `env_${verb}`)]) {
      const { status, stdout, stderr } = steps(question);
      const lines = stdout.split("\n");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      const raw = lines.filter((line) => /[\u0000-\u001f\u007f-\u009f\ufffd]/.test(line));
      const found = { status, stderr, raw, forged: lines.filter((line) => FORGED.test(line)) };
      expect([question, found]).toEqual([question, { status: statusOf(question), stderr: "", raw: [], forged: [] }]);
    }
    for (const question of ["nobody", "env"].flatMap((who) => verbs.map((verb) => `${who}_${verb}`))) {
      const { status, stdout, stderr } = steps(`${question}_--json`);
      const faults = schemaFaults(question.split("_")[1] ?? "", JSON.parse(stdout));
      expect([question, status, stderr, faults]).toEqual([question, statusOf(question), "", []]);
    }
    // The control: as they are, they would.
    expect(NAMES.flatMap((name) => name.split("\n")).filter((line) => FORGED.test(line)).length).toBeGreaterThan(2);
    for (const name of ["owner1", "owner5"]) {
      const document = JSON.parse(steps(name).stdout);
      expect([name, schemaFaults("lookup", document)]).toEqual([name, []]);
      const claims: { owner: string }[] = document.ports[0].claims;
      expect(claims.map(({ owner }) => owner).sort()).toEqual(
        ["cups", ...NAMES.filter((name) => name !== NASTY[3])].sort(),
      );
    }

    const one = JSON.parse(steps("env_verify_--quick_--json_--pid_21655").stdout);
    expect(schemaFaults("verify", one)).toEqual([]);
    expect(one.allocators.map(({ program }: { program: string }) => program)).toEqual([`/usr/local/nasty/${NASTY[3]}`]);

    const document: Document = JSON.parse(steps("env_status_--json").stdout);
    const found = document.allocators.filter(({ kind }) => kind === "process");
    expect(found.map(({ program }) => program).sort()).toEqual(NAMES.map((name) => `/usr/local/nasty/${name}`).sort());
    expect(found.map(({ verdict }) => verdict)).toEqual(NAMES.map(() => "not covered"));

    const plugin = parsePlugin(steps("env_status_--nagios_-t_60").stdout);
    expect([plugin.state, plugin.data.stolen?.value]).toEqual(["CRITICAL", 1]);

    for (const who of ["nobody", "env"]) expect(metricFaults(steps(`${who}_status_--prometheus`).stdout)).toEqual([]);
    const samples = steps("env_status_--prometheus").stdout.split("\n");
    expect(samples).toContain(`portreserve_allocators{verdict="not_covered"} ${document.totals.allocatorsNotCovered}`);
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
