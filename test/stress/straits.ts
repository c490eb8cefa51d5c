// Surroundings that make life hard for a library: what the shim does in each is documented, and what libc does stands beside it.
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { built, tableOf } from "../support/sandbox.ts";
import { type Allocator, counted, note, played } from "./scene.ts";

interface Straits {
  readonly does: string;
  readonly steps: readonly string[];
  readonly etc?: Readonly<Record<string, string | Uint8Array>>;
  /** Run before the steps, as sh(1). */
  readonly before?: string;
  /** The command that starts the program, if it is not started plainly. */
  readonly through?: string;
  readonly shim: string;
  readonly glibc: string;
}

const onlyTcp = native().encodeTable({ generation: 1n, digest: new Uint8Array(32), tcp: [631], udp: [] });
const threeInARow = tableOf(631, 632, 633);
const everyOther = tableOf(631, 633, 635);

/** The table reserves 631 and 633, the first port that is asked for is 631. Documented in portreserve.table(5), Readers. */
const cases: readonly Straits[] = [
  {
    does: "no descriptor is free for the first call: it reserves nothing; the next with one goes by the table",
    steps: ["nofiles", "call", "down", "files", "call", "call"],
    shim: "631 | EMFILE alport=631 | 632 | 634",
    glibc: "631 | EMFILE alport=631 | 632 | 633",
  },
  {
    does: "no descriptor is free once the table is retired: its reservations hold",
    steps: ["call", "nofiles", "retire", "call", "files", "call"],
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "the address space may not grow when a new table comes: it is obeyed",
    steps: ["call", "noroom", "newtable", "call", "call"],
    etc: { "next.table": tableOf(634) },
    shim: "632 | 633 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a filter refuses openat() before the first call: nothing is reserved",
    steps: ["refuse:openat", "call", "call", "call"],
    shim: "631 | 632 | 633",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a filter refuses openat() after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "refuse:openat", "call", "retire", "call", "call"],
    etc: { "portreserve.table": everyOther },
    shim: "632 | 634 | 636 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "a filter says that there is no openat(), after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "nosys:openat", "call", "retire", "call", "call"],
    etc: { "portreserve.table": everyOther },
    shim: "632 | 634 | 636 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "a filter hands openat() to the program's own handler of SIGSYS, which refuses: nothing is reserved, and it lives",
    steps: ["trap:openat", "call", "call"],
    shim: "631 | 632",
    glibc: "631 | 632",
  },
  {
    does: "the same after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "trap:openat", "retire", "call", "trapped"],
    shim: "632 | 634 | 1 trapped",
    glibc: "631 | 632 | 0 trapped",
  },
  {
    does: "a filter refuses to hold signals back: the table is obeyed",
    steps: ["refuse:rt_sigprocmask", "call", "call"],
    shim: "632 | 634",
    glibc: "631 | 632",
  },
  {
    does: "a filter refuses read() before the first call: nothing is reserved",
    steps: ["refuse:read", "call", "call", "call"],
    shim: "631 | 632 | 633",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a filter refuses read() after the first call: the reservations hold, also once the table is retired",
    steps: ["call", "refuse:read", "call", "retire", "call", "call"],
    etc: { "portreserve.table": everyOther },
    shim: "632 | 634 | 636 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "a filter refuses mmap(): each call reads the table",
    steps: ["refuse:mmap", "call", "call"],
    shim: "632 | 634",
    glibc: "631 | 632",
  },
  {
    does: "a filter refuses futex(): the file is read where it would be asked",
    steps: ["refuse:futex", "call", "call"],
    shim: "632 | 634",
    glibc: "631 | 632",
  },
  {
    does: "a filter refuses getsockopt(): a port reserved for the other protocol counts as reserved",
    steps: ["refuse:getsockopt", "call", "call"],
    etc: { "portreserve.table": onlyTcp },
    shim: "632 | 633",
    glibc: "631 | 632",
  },
  {
    does: "a strict filter kills on openat() before the first call: so does the first call",
    steps: ["kill:openat", "call"],
    shim: "exit 159",
    glibc: "631",
  },
  {
    does: "a strict filter kills on openat() after the first call: the program lives and is covered",
    steps: ["call", "kill:openat", "call", "call"],
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "a strict filter kills on openat(), and the table is retired: the next call ends the program",
    steps: ["call", "kill:openat", "call", "retire", "call"],
    shim: "632 | 634 | exit 159",
    glibc: "631 | 632 | 633",
  },
  {
    does: "the root changes after the first call: the table holds until it is retired, and then the new root's, which has none",
    steps: ["call", "root:/mnt", "call", "retire", "call"],
    etc: { "portreserve.table": everyOther },
    before: "mount -t tmpfs none /mnt",
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
  {
    does: "the root changes after the first call: the table holds until it is retired, and then the new root's own",
    steps: ["call", "root:/mnt", "call", "retire", "call", "call"],
    etc: { "inside.table": tableOf(636) },
    before: "mount -t tmpfs none /mnt; mkdir /mnt/etc; cp /etc/inside.table /mnt/etc/portreserve.table",
    shim: "632 | 634 | 635 | 637",
    glibc: "631 | 632 | 633 | 634",
  },
  {
    does: "20,000 descriptors are closed blindly: none was the shim's, and later tables are obeyed",
    steps: ["call", "open:20000", "call", "close", "call", "newtable", "call", "call", "count"],
    etc: { "next.table": tableOf(637) },
    shim: "632 | 634 | 635 | 636 | 638 | 3 open",
    glibc: "631 | 632 | 633 | 634 | 635 | 3 open",
  },
  {
    does: "2,000 children of vfork() allocate in their parent's memory while its threads do",
    steps: ["vfork:2000"],
    etc: { "portreserve.table": threeInARow },
    shim: "0 died, 0 failed, none was reserved",
    glibc: "0 died, 0 failed, some were reserved",
  },
  {
    does: "the program may not read the table: nothing is reserved",
    steps: ["call"],
    before: "chmod 0 /etc/portreserve.table",
    through: "setpriv --bounding-set=-dac_override,-dac_read_search",
    shim: "631",
    glibc: "631",
  },
  {
    does: "the program may not read the new table: the reservations hold",
    steps: ["call", "newtable", "call", "call"],
    etc: { "next.table": tableOf(634) },
    before: "chmod 0 /etc/next.table",
    through: "setpriv --bounding-set=-dac_override,-dac_read_search",
    shim: "632 | 634 | 635",
    glibc: "631 | 632 | 633",
  },
];

async function run({ steps, etc, before, through }: Straits, by: Allocator): Promise<string> {
  // The shell's word on a program that a signal ended is not compared.
  const script = `${before ?? ""}
{ thief ${through ?? ""} "$PROGRAM" bindresvport ${steps.join(" ")}; status=$?; } 2>"$SCRATCH/said"
[ $status -eq 0 ] || echo "exit $status"`;
  const text = await played(script, "straits", by, {
    reserved: [631, 633],
    others: ["test/preload/surroundings.c"],
    etc: { "retired.mark": native().retiredMark, ...etc },
  });
  return text
    .split("\n")
    .join(" | ")
    .replaceAll(" errno-changed", by === "glibc" ? "" : " errno-changed");
}

/** What no allocator has used of the smallest stack, bytes, at least. */
const SPARE = 4096;
const STACK = 16384;

export function defineStraits(): void {
  describe("where", () => {
    for (const straits of cases) {
      it(straits.does, async () => {
        expect(await run(straits, "shim")).toBe(straits.shim);
        expect(await run(straits, "glibc"), "control").toBe(straits.glibc);
      });
    }
  });

  describe("a small stack", () => {
    it.each(["thread", "signal"])(
      `of ${STACK} bytes is enough for a call in a %s, with a page below that would be felt`,
      async (how) => {
        const shim = await counted("small-stack", "shim", ["bindresvport", how, STACK]);
        const glibc = await counted("small-stack", "glibc", ["bindresvport", how, STACK]);
        expect(shim).toMatchObject({ port: 641, errnoChanged: 0 });
        expect(shim.used).toBeLessThanOrEqual(STACK - SPARE);
        expect(glibc.port).toBeLessThanOrEqual(640);
        note(
          `Of a stack of 16 KiB (${how}), a call took ${shim.used} bytes with the shim and ${glibc.used} with glibc.`,
        );
      },
    );

    it("of a fiber may be of 4096 bytes, for the first call of a process too, which reads the table", async () => {
      // Else the loader takes most of it, to look up the first name that the program calls.
      const environment = { LD_BIND_NOW: "1" };
      const shim = await counted("small-stack", "shim", ["bindresvport", "fiber", 4096], { environment });
      const glibc = await counted("small-stack", "glibc", ["bindresvport", "fiber", 4096], { environment });
      expect(shim).toMatchObject({ port: 641, errnoChanged: 0 });
      expect(shim.used).toBeLessThanOrEqual(1536);
      expect(glibc.port).toBeLessThanOrEqual(640);
      note(`Of a fiber's stack, the first call took ${shim.used} bytes with the shim and ${glibc.used} with glibc.`);
    });

    it(`control: of ${STACK} bytes is not enough for 32 KiB, which ends the program`, async () => {
      const script = `{ "$PROGRAM" bindresvport overflow ${STACK}; status=$?; } 2>"$SCRATCH/said"; echo $status`;
      expect(await played(script, "small-stack", "glibc")).toBe(String(128 + 11));
    });
  });

  describe("a program that has used up the room for static thread-local storage", () => {
    const folder = scratch();
    const block = compileC("test/stress/tls-block.c", ["-shared", "-fPIC", "-ftls-model=initial-exec"]);
    mkdirSync(path.join(folder, "blocks"));
    for (let i = 0; i < 200; i++) copyFileSync(block, path.join(folder, "blocks", `${i}.so`));
    const starve = (by: Allocator, ...more: readonly string[]): Promise<string> =>
      played(`covered "$PROGRAM" ${folder}/blocks bindresvport ${more.join(" ")}`, "starved", by);

    it("has as much room with the shim as without it, is covered, and could still load the shim", async () => {
      const [room, why, ...rest] = (await starve("glibc")).split(/, then |\n/);
      expect({ room: Number(room) > 0, why, stolen: Number(rest[0]) <= 640 }).toEqual({
        room: true,
        why: "no static TLS",
        stolen: true,
      });
      expect(await starve("shim")).toBe(`${room}, then no static TLS\n641`);
      expect(await starve("glibc", built.shim)).toBe(`${room}, then no static TLS\n641`);
    });
  });
}
