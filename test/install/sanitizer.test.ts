// Programs that gcc has built with AddressSanitizer, beside a preload list: what install says of them, and that it is so.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { abis } from "../support/host.ts";
import { noSandbox, play } from "../support/sandbox.ts";
import { imageOf, noUnits, run } from "./image.ts";

const NOTE = `portreservectl: note: programs that gcc has built with -fsanitize=address do not start beside a preload list: 'ASan runtime does not come first in initial library list'
hint: start them with LD_PRELOAD=libasan.so.8 or ASAN_OPTIONS=verify_asan_link_order=0, or build them with -static-libasan
`;
const [{ lib = "" } = {}] = abis;

test("install tells of them where their runtime is, and only when it changes the list", () => {
  const root = imageOf({ [`${lib}/libasan.so.8`]: "" });
  expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: noUnits(root) + NOTE });
  expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: noUnits(root) });
  // The control: an image without it.
  const bare = imageOf();
  expect(run("install", "--root", bare)).toMatchObject({ status: 0, stderr: noUnits(bare) });
});

const noSandboxes = await noSandbox();
describe.skipIf(noSandboxes !== undefined)(named("such a program", noSandboxes), () => {
  const shared = compileC("test/support/fault/hello.c", ["-fsanitize=address"]);
  const inside = compileC("test/support/fault/hello.c", ["-fsanitize=address", "-static-libasan"]);
  const start = (command: string, cover: "preload list" | "nothing") =>
    play(`{ ${command}; echo $?; } 2>&1 | tail -n 2`, { cover, environment: { SHARED: shared, INSIDE: inside } });

  test("starts without a list, and does not with one", async () => {
    expect((await start('"$SHARED"', "nothing")).stdout).toBe("hello\n0\n");
    expect((await start('"$SHARED"', "preload list")).stdout).toMatch(
      /ASan runtime does not come first in initial library list.*\n1\n$/,
    );
  });

  test.each(['LD_PRELOAD=libasan.so.8 "$SHARED"', 'ASAN_OPTIONS=verify_asan_link_order=0 "$SHARED"', '"$INSIDE"'])(
    "starts with each way out of the hint: %s",
    async (command) => {
      const { stdout } = await start(command.replace("libasan.so.8", await runtime()), "preload list");
      expect(stdout).toBe("hello\n0\n");
    },
  );

  /** gcc's number of it. */
  async function runtime(): Promise<string> {
    const { stdout } = await play(`ldd "$SHARED"`, { cover: "nothing", environment: { SHARED: shared } });
    return /libasan\.so\.[0-9]+/.exec(stdout)?.[0] ?? "no libasan";
  }
});
