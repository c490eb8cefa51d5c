// What the memory of a process tells: where its calls lead, and which table it has mapped.
import { describe, expect, test } from "vitest";
import { ALLOCATOR } from "../preload/allocator.ts";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { type Found, HOLD, look, OBSERVE, TIRPC } from "../support/held.ts";
import { noLibtirpc } from "../support/rpc-libraries.ts";
import { built, noSandbox, play } from "../support/sandbox.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const noRoot = skipReason("root");

const shim = { env: { LD_PRELOAD: built.shim } };
const leads = ({ bindings }: Found): unknown =>
  Array.isArray(bindings)
    ? Object.fromEntries(bindings.map(({ symbol, leadsTo }) => [symbol.split("@")[0], leadsTo]))
    : bindings;

const withoutLibtirpc = noLibtirpc();

describe.skipIf(withoutLibtirpc !== undefined)(
  named("where the calls of libtirpc lead when it came late", withoutLibtirpc),
  () => {
    test.each([
      ["now", { bindresvport: "shim" }],
      ["deep", { bindresvport: "other" }],
      ["apart", { bindresvport: "other" }],
    ])("by %s", async (how, expected) => {
      expect(leads(await look([HOLD, `${how}:${TIRPC}`], shim))).toMatchObject(expected);
    });

    test("is known of a lazy call only when it was made: this one leads nowhere yet, or to the shim at once", async () => {
      const found = leads(await look([HOLD, `lazy:${TIRPC}`], shim));
      expect(["shim", "not yet"]).toContain((found as Record<string, unknown>).bindresvport);
    });

    test("says the worst of a library that is loaded twice", async () => {
      expect(leads(await look([HOLD, `now:${TIRPC}`, `apart:${TIRPC}`], shim))).toMatchObject({
        bindresvport: "other",
      });
    });

    test("is not asked without the shim", async () => {
      expect((await look([HOLD, `now:${TIRPC}`])).bindings).toEqual([]);
    });
  },
);

describe("where the calls of a library lead", () => {
  test("is told of one that came at the start, where LD_PRELOAD has put it before the shim", async () => {
    const library = compileC("test/coverage/zoo-programs/rpc-library.c", ["-shared", "-fPIC", "-Wl,-z,now"]);
    const program = compileC("test/system/coverage-processes.c", ["-Wl,--no-as-needed", library, "-lpthread", "-ldl"]);
    const preloaded = async (...names: readonly string[]): Promise<unknown> =>
      leads(await look([program], { env: { LD_PRELOAD: names.join(":") } }));
    expect(await preloaded(library, built.shim)).toEqual({ bindresvport: "other" });
    expect(await preloaded(built.shim, library)).toEqual({});
    expect(await preloaded(built.shim)).toEqual({});
  });
});

/** What an allocator that looks at itself between its calls sees, with a table that it may replace. */
async function watchItself(script: string): Promise<{ readonly found: readonly Found[]; readonly stderr: string }> {
  const { stdout, stderr } = await play(script, {
    cover: "LD_PRELOAD",
    empty: ["/run"],
    etc: { "portreserve/next": "633\n", services: "" },
    environment: { NODE: NODE, MAIN, OBSERVE, ALLOCATOR: compileC(ALLOCATOR) },
  });
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return { found: lines.map((line) => JSON.parse(line) as Found), stderr };
}

const noTable = noRoot ?? (await noSandbox());
test.skipIf(noTable !== undefined)(named("tells the table in force from one that was retired", noTable), async () => {
  const observe = 'env -u LD_PRELOAD "$NODE" "$OBSERVE" $PPID';
  const compile = 'env -u LD_PRELOAD "$NODE" "$MAIN" compile >/dev/null';
  const script = `"$ALLOCATOR" bindresvport udp 'sh:${observe}' any 'sh:${observe}' 'sh:${compile}; ${observe}' any 'sh:${observe}'`;
  const { found, stderr } = await watchItself(`covered ${script}`);
  expect({ stderr, found: found.map(({ table, mappedTable, preload }) => [table, mappedTable, preload]) }).toEqual({
    stderr: "",
    found: [
      ["same", undefined, true],
      ["same", { current: true, retired: false }, true],
      ["same", { current: false, retired: true }, true],
      ["same", expect.anything(), true],
    ],
  });
});

const noOverlay = noTable ?? (await canOverlay());

test.skipIf(noOverlay !== undefined)(
  named(
    "reads the mark where the process does: one in an overlay's lower layer is never told of a new table",
    noOverlay,
  ),
  async () => {
    const observe = 'env -u LD_PRELOAD "$NODE" "$OBSERVE" $PPID';
    const install = 'env -u LD_PRELOAD "$NODE" "$MAIN" compile';
    const script = `mkdir -p /run/over/upper /run/over/work && cp -a /etc /run/over/lower && mount -t overlay -o "lowerdir=/run/over/lower,upperdir=/run/over/upper,workdir=/run/over/work" over /etc &&
covered "$ALLOCATOR" bindresvport udp any 'sh:${observe}' 'sh:${install} >&2; ${observe}' any`;
    const { found, stderr } = await watchItself(script);
    expect(stderr).toContain("programs that have used it already stay with it until they are restarted");
    expect(found.map(({ mappedTable }) => mappedTable)).toEqual([
      { current: true, retired: false },
      { current: false, retired: false },
    ]);
  },
);

/** Why this user can mount no overlay; undefined where one can be. */
async function canOverlay(): Promise<string | undefined> {
  const { stdout } = await play(
    "mkdir -p /run/o/l /run/o/u /run/o/w; mount -t overlay -o lowerdir=/run/o/l,upperdir=/run/o/u,workdir=/run/o/w o /run/o/l 2>/dev/null && echo yes",
    { cover: "LD_PRELOAD", empty: ["/run"] },
  ).catch(() => ({ stdout: "" }));
  return stdout === "yes\n" ? undefined : "no overlay can be mounted in a sandbox";
}

describe("the order in which a loader looks for functions", () => {
  const RPC = "test/coverage/zoo-programs/rpc-library.c";
  const order = (found: Found): unknown => {
    const { lookup, objects, mapped } = found;
    if (lookup === undefined || !Array.isArray(lookup) || !Array.isArray(objects)) return lookup;
    const file = (key: string): string => mapped[objects.indexOf(key)]?.path.replace(/^.*\//, "") ?? "?";
    const names = new Map(
      [library, built.shim].map((path) => [path.replace(/^.*\//, ""), path === built.shim ? "shim" : "other"]),
    );
    return lookup.map((key) => names.get(file(key)) ?? file(key));
  };
  const library = compileC(RPC, ["-shared", "-fPIC", "-Wl,-Bsymbolic-functions"]);
  const program = compileC("test/system/coverage-processes.c", ["-Wl,-z,lazy", "-lpthread", "-ldl"]);
  const user = compileC("test/system/coverage-processes.c", ["-Wl,--no-as-needed", library, "-lpthread", "-ldl"]);
  const preloaded = async (by: string, ...names: readonly string[]): Promise<unknown> =>
    order(await look([by], { env: { LD_PRELOAD: names.join(":") } }));

  test("is read from its memory, also where nobody has called anything", async () => {
    expect(await preloaded(program, library, built.shim)).toEqual(["other", "shim", "libc.so.6"]);
    expect(await preloaded(program, built.shim, library)).toEqual(["shim", "other", "libc.so.6"]);
  });

  test("counts what a program needs behind what is preloaded", async () => {
    expect(await preloaded(program, library)).toEqual(["other", "libc.so.6"]);
    expect(order(await look([user], { env: { LD_PRELOAD: built.shim } }))).toEqual(["shim", "other", "libc.so.6"]);
  });

  test("is not asked where the shim and libc alone define some", async () => {
    expect(await preloaded(program, built.shim)).toBeUndefined();
  });

  test("is unseen of a program that its loader was told to run", async () => {
    const found = await look(["/lib64/ld-linux-x86-64.so.2", "--preload", `${library}:${built.shim}`, program]);
    expect(found.lookup).toMatchObject({ unseen: "the loader's list in its memory cannot be read" });
  });
});
