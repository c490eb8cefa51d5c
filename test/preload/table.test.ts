// The shim and its table: what is reserved, what replaces it, and what happens to it under a running program.
import { describe, expect, it } from "vitest";
import { native } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { noSandbox, play, tableOf } from "../support/sandbox.ts";
import { ALLOCATOR } from "./allocator.ts";
import { type Case, cases, path } from "./table-cases.ts";

const reason = await noSandbox();

async function run(test: Case, cover: "LD_PRELOAD" | "nothing"): Promise<string> {
  const words = [test.symbol ?? "bindresvport", ...test.steps].map((step) => `'${step.replaceAll("'", "'\\''")}'`);
  const played = await play(`${test.before ?? ""}\nthief "$ALLOCATOR" ${words.join(" ")}\necho "exit $?"`, {
    cover,
    etc: { "retired.mark": native().retiredMark, ...test.etc },
    environment: { ALLOCATOR: compileC(ALLOCATOR), THIEF: "21231" },
  });
  expect(played.stderr).toBe("");
  const lines = played.stdout.trimEnd().split("\n");
  expect(lines.pop()).toBe("exit 0");
  return lines.join(" | ").replaceAll(" errno-changed", cover === "nothing" ? "" : " errno-changed");
}

describe.skipIf(reason !== undefined)(named("the shim and its table", reason), () => {
  for (const test of cases) {
    it(test.does, async () => {
      expect(await run(test, "LD_PRELOAD")).toBe(test.shim);
    });
    it(`control, without the shim: ${test.does}`, async () => {
      expect(await run(test, "nothing")).toBe(test.control);
    });
  }

  it("grants bindresvport_sa the port it is asked for, reserved or not", async () => {
    const steps = ["udp any:834", "udp any:2049", "udp any"].join(" ");
    const { stdout } = await play(`thief "$ALLOCATOR" bindresvport_sa ${steps}`, {
      cover: "LD_PRELOAD",
      reserved: [631, 834],
      environment: { ALLOCATOR: compileC(ALLOCATOR), THIEF: "21231" },
    });
    expect(stdout).toBe("834@0.0.0.0 sin=834\n2049@0.0.0.0 sin=2049\n632@0.0.0.0 sin=632\n");
  });

  it.each(["gssrpc_bindresvport", "gssrpc_bindresvport_sa"])(
    "takes a reserved port in the address of %s for no request, as libgssrpc does; in bindresvport_sa's it is one",
    async (symbol) => {
      const calls = (name: string): string =>
        `thief "$ALLOCATOR" ${name} udp any:749 tcp6 any6:749 | tr '\\n' ' '; echo`;
      const { stdout } = await play(`${calls(symbol)}; ${calls("bindresvport_sa")}`, {
        cover: "LD_PRELOAD",
        reserved: [749],
        environment: { ALLOCATOR: compileC(ALLOCATOR), THIEF: "21231" },
      });
      expect(stdout).toBe("631@0.0.0.0 sin=631 632@:: sin=632 \n749@0.0.0.0 sin=749 749@:: sin=749 \n");
    },
  );

  it("is libc with a table damaged in any one byte, but for the mark that retires it, whose bytes may be mixed: then it is the newest there is", async () => {
    const { markOffset, tableSize } = native();
    const good = tableOf(631);
    // 2 becomes 253, which no mark has; the 0 behind it becomes 255, as in a retired one.
    const family = tableSize - 2;
    // Every byte that means something, and enough of the zeros between.
    const places = [...good.keys()].filter((at) => at < 512 || at >= markOffset || at % 64 === 0);
    const damage: Record<string, Uint8Array> = {};
    for (const at of places) damage[`damaged/${at}`] = good.map((byte, i) => (i === at ? byte ^ 0xff : byte));
    const script = `for at in ${places.join(" ")}; do
      cp /etc/damaged/$at ${path}
      echo "$at $(thief "$PROBE" --symbol bindresvport)"
    done`;
    const { stdout } = await play(script, { cover: "LD_PRELOAD", etc: damage, environment: { THIEF: "21231" } });
    expect(stdout.trimEnd().split("\n")).toEqual(
      places.map((at) => `${at} {"port":${at < markOffset || at === family ? 631 : 632}}`),
    );
  });

  const symbols = [
    "bindresvport",
    "bindresvport_sa",
    "gssrpc_bindresvport",
    "gssrpc_bindresvport_sa",
    "rresvport",
    "rresvport_af",
  ];
  const reserved = [512, 599, 600, 623, 631, 664, 749, 873, 993, 1023];

  for (const symbol of symbols) {
    it(`hands out every port of 512 to 1023 but the reserved ones through ${symbol}, for each protocol and family`, async () => {
      const script = `for protocol in tcp udp; do for family in inet inet6; do for address in any null; do
        echo "$(covered "$PROBE" --symbol ${symbol} --protocol $protocol --family $family --address $address --exhaust | tr -cd '0-9\\n' | sort -n | tr '\\n' ' ')"
      done; done; done`;
      const all = Array.from({ length: 512 }, (_, i) => 512 + i);
      const { stdout, stderr } = await play(script, { cover: "LD_PRELOAD", reserved });
      const wanted = all.filter((port) => !reserved.includes(port)).join(" ");
      expect({
        stderr,
        got: stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.trim()),
      }).toEqual({
        stderr: "",
        got: Array.from({ length: 8 }, () => wanted),
      });
    });
  }

  it.each(["bindresvport", "rresvport", "rresvport_af"])(
    "control: glibc's %s hands out the reserved ports too",
    async (symbol) => {
      const script = `"$PROBE" --symbol ${symbol} --exhaust | tr -cd '0-9\\n' | sort -n | tr '\\n' ' '`;
      const { stdout } = await play(script, { cover: "nothing", reserved });
      expect(stdout.trim()).toBe(Array.from({ length: 512 }, (_, i) => 512 + i).join(" "));
    },
  );

  it("leaves a program without the six functions alone", async () => {
    const { stdout, stderr } = await play("covered sh -c 'echo alive'", { cover: "LD_PRELOAD" });
    expect({ stdout, stderr }).toEqual({ stdout: "alive\n", stderr: "" });
  });
});
