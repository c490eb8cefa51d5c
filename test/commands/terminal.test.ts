// What only a terminal gets, from the built program on a terminal of its own: lines that fit.
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";

const needsScript = skipReason({ program: "script", package: "bsdutils" });
const reason = needsScript ?? (await noHost());
describe.skipIf(reason !== undefined)(named("on a terminal", reason), () => {
  test("status fits into the columns that the terminal has, or COLUMNS says; piped it is not folded", async () => {
    const step = await onHost(
      `
terminal() { columns=$1; shift; script -qec "stty cols $columns; $*" /dev/null; }
step small terminal 80 "'$NODE' '$MANAGER' status"
step told terminal 80 "COLUMNS=60 '$NODE' '$MANAGER' status"
step unset terminal 0 "'$NODE' '$MANAGER' status"
step ascii env LC_ALL=C "$NODE" "$MANAGER" status
step piped env COLUMNS=60 "$NODE" "$MANAGER" status
`,
      { etc: { "portreserve/a-service-with-quite-a-name": "631\n700/tcp\n701/tcp\n702/tcp\n703/tcp\n" } },
    );
    const plain = (name: string): string[] =>
      stripVTControlCharacters(step(name).stdout).replaceAll("\r", "").split("\n");
    const widest = (name: string): number => Math.max(...plain(name).map((line) => [...line].length));
    expect(plain("small")).toContainEqual(expect.stringContaining("ports reserved for"));
    expect(widest("small")).toBeLessThanOrEqual(80);
    expect(widest("told")).toBeLessThanOrEqual(60);
    expect(widest("unset")).toBeLessThanOrEqual(80);
    expect(widest("piped")).toBeGreaterThan(80);
    expect(step("piped").stdout).not.toContain("\u001b");
    // The same, with other symbols.
    const ascii: Readonly<Record<string, string>> = { "→": "->", "–": "-", "·": "|" };
    expect(step("piped").stdout).toMatch(/→[\s\S]*–/);
    const words = (text: string): string[] => text.split(/\s+/);
    expect(words(step("ascii").stdout)).toEqual(
      words(step("piped").stdout.replace(/[→–·]/g, (one) => ascii[one] ?? "")),
    );
    expect(step("small").stdout).toContain("\u001b");
  });
});
