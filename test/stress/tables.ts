// The table under running callers: replaced without a break by the real writers, and damaged in every way.
import path from "node:path";
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { TABLE } from "../support/host.ts";
import { built } from "../support/sandbox.ts";
import { MAIN, NODE, staged } from "../support/stage/stage.ts";
import { type Allocator, keep, played, ports, RANGE, RESERVED } from "./scene.ts";

const CALLS = 1_000_000;
/** Of each caller but the first; the whole number where all of everything is run. */
const MORE_CALLS = FULL ? CALLS : CALLS / 4;
const COMPILES = 10;
/** Milliseconds: some ten seconds on two idle processors, and tests run beside others. */
const LONG = 150_000;
const [A, B] = [
  ["700-740", ports(700, 740)],
  ["800-840", ports(800, 840)],
] as const;

const lines = (list: readonly number[]): string => list.map((port) => `${port}\n`).join("");
const manager = { NODE: NODE, MANAGER: MAIN };

/** Two writers take turns at the lock: `portreservectl compile`, and its replacement of the table in one process. */
const STORM = `
calls() { case $EMULATOR in "") covered "$@" ;; *) "$EMULATOR" -E "LD_PRELOAD=$COVER32" "$@" ;; esac; }
"$NODE" "$WRITER" "$DIST" "$LIST_A" "$LIST_B" &
compiles=0
while :; do
  cp "/etc/either/$((compiles % 2))" /etc/portreserve/either
  "$NODE" "$MANAGER" compile >/dev/null 2>"$SCRATCH/said" || { cat "$SCRATCH/said" >&2; echo 'compile failed' >&2; break; }
  compiles=$((compiles + 1))
  [ $compiles -ne ${COMPILES} ] || : >"$SCRATCH/enough"
done &
calls "$PROGRAM" "$SYMBOL" "$CALLS" "$SCRATCH/enough" ${RANGE} ${A[0]} ${B[0]}
`;

/** The allocator that calls, and who answers where the shim does not: the control. */
interface Caller {
  readonly name: string;
  readonly symbol: string;
  readonly control: Allocator;
  /** Runs 32-bit programs, with the shim for them, where a kernel may not. */
  readonly emulator?: string;
}

const CALLERS: readonly Caller[] = [
  { name: "bindresvport", symbol: "bindresvport", control: "glibc" },
  { name: "bindresvport_sa, IPv6", symbol: "bindresvport_sa6", control: "libtirpc" },
  { name: "rresvport_af, IPv6", symbol: "rresvport_af6", control: "glibc" },
  { name: "bindresvport, 32-bit", symbol: "bindresvport", control: "glibc", emulator: "qemu-i386" },
];

async function storm(caller: Caller, by: Allocator, calls: number): Promise<Readonly<Record<string, number>>> {
  const { symbol, emulator = "" } = caller;
  const text = await played(STORM, "storm", by, {
    timeout: LONG,
    empty: ["/run"],
    flags: emulator === "" ? [] : ["-m32"],
    etc: { "portreserve/always": lines(RESERVED), "either/0": lines(A[1]), "either/1": lines(B[1]) },
    environment: {
      ...manager,
      WRITER: staged(path.join(import.meta.dirname, "writer.mjs")),
      DIST: path.dirname(MAIN),
      LIST_A: [...RESERVED, ...A[1]].join(","),
      LIST_B: [...RESERVED, ...B[1]].join(","),
      CALLS: String(calls),
      SYMBOL: symbol,
      EMULATOR: emulator,
      COVER32: by === "shim" ? built.shim32 : "",
    },
  });
  return JSON.parse(text);
}

const retire = `dd if=/etc/retired.mark of=${TABLE} bs=8 seek=509 conv=notrunc status=none`;
const compile = `"$NODE" "$MANAGER" compile >/dev/null`;
/** Retired, as by a compile that is at work, and then something else in its place. */
const instead = (command: string): string => `${retire}; mv ${TABLE} /etc/old; ${command}`;

interface Damage {
  readonly does: string;
  readonly commands: readonly string[];
  readonly afterwards: readonly ("reserved" | "nothing reserved")[];
}

/** As documented: portreserve.table(5), Readers. */
const damages: readonly Damage[] = [
  { does: "truncated", commands: [`: >${TABLE}`, compile], afterwards: ["nothing reserved", "reserved"] },
  { does: "cut short", commands: [`truncate -s 2000 ${TABLE}`, compile], afterwards: ["nothing reserved", "reserved"] },
  {
    does: "zeroed in place",
    commands: [`dd if=/dev/zero of=${TABLE} bs=4096 count=1 conv=notrunc status=none`, compile],
    afterwards: ["nothing reserved", "reserved"],
  },
  {
    does: "retired and replaced by a directory",
    commands: [instead(`mkdir ${TABLE}`), `rmdir ${TABLE}; ${compile}`],
    afterwards: ["reserved", "reserved"],
  },
  {
    does: "retired and replaced by a FIFO",
    commands: [instead(`mkfifo ${TABLE}`), `rm ${TABLE}; ${compile}`],
    afterwards: ["nothing reserved", "reserved"],
  },
  {
    does: "retired and replaced by a symbolic link to itself",
    commands: [instead(`ln -s ${TABLE} ${TABLE}`), `rm ${TABLE}; ${compile}`],
    afterwards: ["reserved", "reserved"],
  },
  {
    does: "retired and made unreadable",
    commands: [`${retire}; chmod 0 ${TABLE}`, compile],
    afterwards: ["reserved", "reserved"],
  },
  {
    does: "retired and replaced by a text",
    commands: [instead(`seq 2000 >${TABLE}`), compile],
    afterwards: ["nothing reserved", "reserved"],
  },
  {
    does: "retired and removed",
    commands: [`${retire}; rm ${TABLE}`, compile],
    afterwards: ["nothing reserved", "reserved"],
  },
];

/** Not retired, which is forbidden: what a program that has it mapped does with one request at a time. */
const unseen: readonly Damage[] = [
  ["removed", `rm ${TABLE}`],
  ["replaced by a directory", `mv ${TABLE} /etc/old; mkdir ${TABLE}`],
  ["replaced by a FIFO", `mv ${TABLE} /etc/old; mkfifo ${TABLE}`],
  ["replaced by a symbolic link to itself", `mv ${TABLE} /etc/old; ln -s ${TABLE} ${TABLE}`],
  ["made unreadable", `chmod 0 ${TABLE}`],
].map(([does = "", command = ""]) => ({ does, commands: [command], afterwards: ["reserved"] }));

async function under({ commands }: Damage, by: Allocator, threads: number): Promise<string> {
  const quoted = commands.map((command) => `'${command}'`).join(" ");
  return played(`covered "$PROGRAM" bindresvport ${threads} ${RANGE} ${quoted}`, "damage", by, {
    empty: ["/run"],
    etc: { "portreserve/always": lines(RESERVED), "retired.mark": native().retiredMark },
    environment: manager,
  });
}

export function defineTables(): void {
  describe("a million calls of four threads while two processes replace the table without a break", () => {
    const get = async (caller: Caller): Promise<void> => {
      const calls = caller === CALLERS[0] ? CALLS : MORE_CALLS;
      const shim = await storm(caller, "shim", calls);
      expect(shim).toMatchObject({ failed: 0, errnoChanged: 0, always: 0 });
      // What one of the two tables leaves free is handed out: the callers saw them change.
      expect(Math.min(shim.a ?? 0, shim.b ?? 0)).toBeGreaterThan(0);
      expect(shim.calls).toBeGreaterThanOrEqual(calls);
      expect(shim.tables).toBeGreaterThanOrEqual(COMPILES);
      const { name, control: by } = caller;
      const control = await storm(caller, by, CALLS / 10);
      expect(control.always).toBeGreaterThan(0);
      const what = `a reserved port is handed out while the table changes (${name}; ${shim.tables} tables; ${by}: ${control.calls} calls)`;
      keep(what, shim.calls, shim.always, ...(by === "glibc" ? [control.always] : [undefined, control.always]));
    };

    for (const caller of CALLERS) {
      const not = caller.emulator && skipReason("i386", { program: caller.emulator, package: "qemu-user" });
      const name = `get none of the ports that both tables reserve with the shim, and do without it (${caller.name})`;
      it.skipIf(not)(named(name, not), () => get(caller), 320_000);
    }
  });

  describe("with four threads in the middle of calls", () => {
    it.each(damages)("a table that is $does crashes and hangs nobody", async (damage) => {
      expect(await under(damage, "shim", 4)).toBe(["reserved", ...damage.afterwards].join(" | "));
    });
  });

  it.each(unseen)("a table that is $does without being retired is gone by as it was", async (damage) => {
    expect(await under(damage, "shim", 1)).toBe(["reserved", ...damage.afterwards].join(" | "));
  });

  it("control: without the shim nothing is reserved before any damage either", async () => {
    const before = { does: "", commands: [], afterwards: [] };
    // Where two threads want one port, glibc leaves errno changed.
    expect(await under(before, "glibc", 4)).toMatch(/^nothing reserved(, errno changed)?$/);
  });
}
