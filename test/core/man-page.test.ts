// portreserve(5) against the program: its files mean what it says, its lines are rejected, its compiled file is this one.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { heldPorts } from "../../src/core/hold/held-ports.ts";
import { holdText, parseHoldText } from "../../src/core/hold/hold-text.ts";
import { configureText, errors, ports } from "./inputs.ts";

const PAGE = readFileSync(path.resolve(import.meta.dirname, "../../docs/portreserve.5"), "utf8");

/** The text of each literal block. */
const BLOCKS = [...PAGE.matchAll(/^\.Bd -literal[^\n]*\n(.*?)^\.Ed$/gms)].map(([, text = ""]) => text);

/** The files that are shown by 'cat', by owner. */
function filesShown(): Map<string, string> {
  const shown = BLOCKS.find((text) => text.includes("$ cat ")) ?? "";
  const parts = shown.split(/^\$ cat \/etc\/portreserve\/(.*)\n/m).slice(1);
  return new Map(parts.flatMap((name, at) => (at % 2 === 0 ? [[name, parts[at + 1] ?? ""]] : [])));
}

test("the files that it shows are accepted, and reserve and hold what their comments say", () => {
  const files = filesShown();
  expect([...files.keys()]).toEqual(["cups", "kerberos", "bmc", "radius"]);
  const meaning = [...files].map(([owner, content]) => {
    const configuration = configureText(content);
    expect([owner, errors(configuration)]).toEqual([owner, []]);
    const held = heldPorts(configuration).map(({ kind, protocol, port }) => `${kind} ${port}/${protocol}`);
    return [owner, ports(configuration), held];
  });
  expect(meaning).toEqual([
    ["cups", ["631/tcp", "631/udp"], []],
    ["kerberos", ["749/tcp", "754/tcp"], ["hold 749/tcp"]],
    ["bmc", ["623/udp", "664/udp"], ["block 623/udp", "block 664/udp"]],
    ["radius", ["783/tcp", "783/udp", "1812/udp", "1813/udp"], ["hold 1812/udp", "hold 1813/udp"]],
  ]);
});

test("each line that it calls rejected is, and no other line of the page's file is touched", () => {
  const table = PAGE.slice(PAGE.indexOf(".It Sy Line"), PAGE.indexOf(".El", PAGE.indexOf(".It Sy Line")));
  const lines = [...table.matchAll(/^\.It (Li .*?) Ta /gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/(?:^|, )?Li ("[^"]*"|\S+)/g)].map(([, text = ""]) =>
      text.replaceAll('"', "").replaceAll("\\&", ""),
    ),
  );
  expect(lines.length).toBeGreaterThan(25);
  expect(lines).toEqual(
    expect.arrayContaining(["603 x", "608..610", "631 hodl", "631 hold block", "hold 631", "631/hold"]),
  );
  for (const line of lines) {
    const configuration = configureText(`700/tcp\n${line}\n`);
    expect([line, ports(configuration), errors(configuration).length]).toEqual([line, ["700/tcp"], 1]);
  }
});

test("the compiled file that it shows is one, byte for byte", () => {
  const shown = BLOCKS.find((text) => text.startsWith("portreserve-hold 1\n")) ?? "";
  expect(parseHoldText(Buffer.from(shown))).toHaveLength(3);
  expect(holdText(heldPorts(configureText("ipp hold\n623/udp block\n")))).toBe(shown);
});
