// The arm64 shim, run through qemu: it does what the shim of this machine does, case by case, each with its control.
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { ALLOCATOR } from "../preload/allocator.ts";
import { rows } from "../preload/conformance-rows.ts";
import { type Case, cases } from "../preload/table-cases.ts";
import { named } from "../support/can.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";
import { compileArm64, noArm64, playArm64, SHIM } from "./emulated.ts";

const PID = "21231";
const all = Array.from({ length: 512 }, (_, i) => 512 + i);

/**
 * What qemu's translation cannot show, and a processor could: it gives the programs that it runs no seccomp filters, and
 * copies the address given to bind() itself, so that it dies of a hole in the page that the kernel would answer EFAULT for.
 */
function isBeyondQemu({ steps }: Case): boolean {
  return steps.some((step) => step.includes("nomap")) || /sh:[^|]*: > /.test(steps.join(" "));
}

const BEYOND_QEMU: readonly string[] = [
  "survives the truncation of the mapped file, reserving nothing, and goes on when its content is back",
  "notices the truncation when it binds a port that was not reserved",
  "reads the table on each call where no file may be mapped, and uses up nothing",
  "obeys a newer table though it may not be mapped over the older one",
];

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

async function run(test: Case, shim: "none" | "preload list"): Promise<string> {
  const words = [test.symbol ?? "bindresvport", ...test.steps].map(quoted).join(" ");
  const { status, stdout, stderr } = await playArm64(`${test.before ?? ""}\nguest "$ALLOCATOR" ${words}`, {
    shim,
    etc: { "retired.mark": native().retiredMark, ...test.etc },
    environment: { ALLOCATOR: compileArm64(ALLOCATOR), THIEF: PID },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const line = stdout.trimEnd().split("\n").join(" | ");
  return shim === "none" ? line.replaceAll(" errno-changed", "") : line;
}

const reason = await noArm64();
describe.skipIf(reason !== undefined)(named("the arm64 shim", reason), () => {
  for (const test of cases.filter((one) => !isBeyondQemu(one))) {
    it(test.does, async () => {
      expect(await run(test, "preload list")).toBe(test.shim);
    });
    it(`control, without the shim: ${test.does}`, async () => {
      expect(await run(test, "none")).toBe(test.control);
    });
  }

  it("leaves out only what qemu cannot show", () => {
    expect(cases.filter(isBeyondQemu).map(({ does }) => does)).toEqual(BEYOND_QEMU);
  });

  it("agrees with the shim of this machine in every row of the conformance table", async () => {
    const calls = rows.map((row) => `guest "$ALLOCATOR" ${row.symbol} ${row.steps} | tr '\\n' '|'; echo`);
    const { stdout, stderr } = await playArm64(["rm /etc/portreserve.table", ...calls].join("\n"), {
      shim: "preload list",
      environment: { ALLOCATOR: compileArm64(ALLOCATOR), THIEF: PID },
    });
    const lines = stdout.split("\n").map((line) => line.replace(/\|$/, "").replaceAll("|", " | "));
    expect({ stderr, rows: rows.map((row, i) => [row.symbol, row.steps, lines[i]]) }).toEqual({
      stderr: "",
      rows: rows.map((row) => [row.symbol, row.steps, row.shim]),
    });
  });

  it.each(["bindresvport", "rresvport_af"])("hands out every port but the reserved ones through %s", async (symbol) => {
    const reserved = [512, 599, 600, 623, 631, 664, 749, 873, 993, 1023];
    const exhaust = async (shim: "none" | "preload list") => {
      const played = await playArm64(`guest "$PROBE64" --symbol ${symbol} --exhaust`, { shim, reserved });
      expect(played.stderr).toBe("");
      return [...played.stdout.matchAll(/"port":(\d+)/g)].map((row) => Number(row[1])).sort((a, b) => a - b);
    };
    expect(await exhaust("none")).toEqual(all);
    expect(await exhaust("preload list")).toEqual(all.filter((port) => !reserved.includes(port)));
  });

  it("sees what compile puts in force while the program runs", async () => {
    const script = `mkfifo "$SCRATCH/ask"
guest "$PROBE64" --symbol bindresvport --step < "$SCRATCH/ask" > "$SCRATCH/got" &
exec 3> "$SCRATCH/ask"
asked=0
answered() { test "$(wc -l < "$SCRATCH/got")" = "$asked"; }
ask() { echo >&3; asked=$((asked + 1)); until_works answered; }
ask
echo 633 > /etc/portreserve/rndc
"$NODE" "$MAIN" compile > /dev/null
ask
rm /etc/portreserve/*
"$NODE" "$MAIN" compile > /dev/null
ask
exec 3>&-
wait
cat "$SCRATCH/got"`;
    const ports = async (shim: "none" | "preload list") => {
      const { stdout, stderr } = await playArm64(`"$NODE" "$MAIN" compile > /dev/null\n${script}`, {
        shim,
        empty: ["/run"],
        etc: { "portreserve/cups": "631\n", services: "" },
        environment: { NODE: NODE, MAIN },
      });
      expect(stderr).toBe("");
      return stdout;
    };
    expect(await ports("none")).toBe('{"port":631}\n{"port":632}\n{"port":633}\n');
    expect(await ports("preload list")).toBe('{"port":632}\n{"port":634}\n{"port":635}\n');
  });

  it("is where every allocator of a covered program comes from", async () => {
    const which = async (shim: "none" | "preload list") =>
      (await playArm64('guest "$PROBE64" --which', { shim })).stdout
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { object: string | null }).object);
    expect(await which("none")).not.toContain(SHIM);
    expect(await which("preload list")).toEqual(Array.from({ length: 6 }, () => SHIM));
  });
});
