// The cure for a table that leaves no port: the library without a table is libc.
import { describe, expect, test } from "vitest";
import { ALLOCATOR } from "../preload/allocator.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { COVERS, noSandbox, play } from "../support/sandbox.ts";
import { cure } from "./page.ts";

const reason = await noSandbox();
const reserved = Array.from({ length: 512 }, (_, index) => 512 + index);
const environment = { ALLOCATOR: compileC(ALLOCATOR), THIEF: "21231" };

describe.skipIf(reason !== undefined)(named("a table that reserves every port", reason), () => {
  test.each(COVERS)("does not trouble a program that starts after its removal (%s)", async (cover) => {
    const script = `thief "$PROBE" --symbol bindresvport\n${cure("table")}thief "$PROBE" --symbol bindresvport\n`;
    const { stdout, stderr } = await play(script, { cover, reserved });
    expect({ stdout, stderr }).toEqual({ stdout: '{"error":"EADDRINUSE"}\n{"port":631}\n', stderr: "" });
  });

  /** One program asks, then the table is dealt with, then it asks again. */
  const again = async (commands: string): Promise<string> => {
    const script = `thief "$ALLOCATOR" bindresvport udp any "sh:$CURE" udp any:631\n`;
    return (await play(script, { cover: "LD_PRELOAD", reserved, environment: { ...environment, CURE: commands } }))
      .stdout;
  };

  test("no longer troubles a program that has used it, once it is empty", async () => {
    expect(await again(cure("table-in-use").trimEnd())).toBe("EADDRINUSE sin=0\n631@0.0.0.0 sin=631\n");
  });

  test("control: goes on troubling it when it is removed", async () => {
    expect(await again(cure("table").trimEnd())).toBe("EADDRINUSE sin=0\nEADDRINUSE sin=631\n");
  });
});
