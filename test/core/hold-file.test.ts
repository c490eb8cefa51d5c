// The compiled file of held ports: its bytes, what is read from it, and when holding would starve the kernel.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { type HeldPort, HOLD_LIMIT, heldPorts } from "../../src/core/hold/held-ports.ts";
import { holdText, parseHoldText } from "../../src/core/hold/hold-text.ts";
import { KERNEL_MINIMUM, tooFewBesideHeld } from "../../src/core/hold/ports-left.ts";
import { configureText, inputs, ownerFile } from "./inputs.ts";

const GOLDEN = "portreserve-hold 1\nhold tcp 631\nhold tcp 2049\nblock udp 623\nhold udp 631\nend 4\n";

function textOf(content: string): string {
  return holdText(heldPorts(configureText(content)));
}

test("is these very bytes, whatever the order and the notation of the lines", () => {
  expect(textOf("2049/tcp hold\nipp hold\n623/udp block\n700\n")).toBe(GOLDEN);
  expect(textOf("623/udp BLOCK # x\n631/udp hold\r\nipp/tcp hold\n631\n2049/tcp\n2049/TCP  hold\n631/tcp hold")).toBe(
    GOLDEN,
  );
  expect(holdText([])).toBe("portreserve-hold 1\nend 0\n");
});

test("is the same from one file and from several", () => {
  const owners = [
    ownerFile("a", "623/udp block\n631\n"),
    ownerFile("b", "2049/tcp hold\n"),
    ownerFile("c", "ipp hold\n"),
  ];
  expect(holdText(heldPorts(configure(inputs({ owners }))))).toBe(GOLDEN);
});

const anyHeld = fc
  .uniqueArray(
    fc.record({
      kind: fc.constantFrom<HeldPort["kind"]>("hold", "block"),
      protocol: fc.constantFrom<HeldPort["protocol"]>("tcp", "udp"),
      port: fc.integer({ min: 1, max: 65_535 }),
    }),
    { selector: ({ protocol, port }) => `${protocol} ${port}`, maxLength: 30 },
  )
  .map((rows) => rows.sort((a, b) => (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : a.port - b.port)));

test("says what was written into it, and any other byte is none of it", () => {
  fc.assert(
    fc.property(anyHeld, fc.nat(), fc.integer({ min: 0, max: 255 }), (rows, at, byte) => {
      const bytes = Buffer.from(holdText(rows));
      expect(parseHoldText(bytes)).toEqual(rows);
      for (let end = 0; end < bytes.length; end += 1) expect(parseHoldText(bytes.subarray(0, end))).toBeUndefined();
      const changed = Buffer.from(bytes);
      changed[at % bytes.length] = byte;
      const read = parseHoldText(changed);
      expect(read === undefined || holdText(read) === changed.toString("latin1")).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["a later version", GOLDEN.replace("hold 1", "hold 2")],
  ["another count", GOLDEN.replace("end 4", "end 3")],
  ["a leading zero", GOLDEN.replace(" 631\nhold tcp 2049", " 0631\nhold tcp 2049")],
  ["port 0", "portreserve-hold 1\nhold tcp 0\nend 1\n"],
  ["a port above 65535", "portreserve-hold 1\nhold tcp 65536\nend 1\n"],
  ["another protocol", "portreserve-hold 1\nhold sctp 631\nend 1\n"],
  ["another kind", "portreserve-hold 1\nreserve tcp 631\nend 1\n"],
  ["a port twice", "portreserve-hold 1\nhold tcp 631\nblock tcp 631\nend 2\n"],
  ["another order", "portreserve-hold 1\nhold udp 631\nhold tcp 631\nend 2\n"],
  ["something behind the end", `${GOLDEN}\n`],
  ["a carriage return", GOLDEN.replaceAll("\n", "\r\n")],
  [
    "more than can be held",
    holdText(Array.from({ length: HOLD_LIMIT + 1 }, (_, at) => ({ kind: "hold", protocol: "tcp", port: at + 1 }))),
  ],
])("is not read with %s", (_, text) => {
  expect(parseHoldText(Buffer.from(text))).toBeUndefined();
});

describe("where too few ports of 665 to 1023 would be left", () => {
  /** 359 ports are in the range. */
  const leaving = (count: number): string => `665-${1023 - count}/tcp`;

  test.each<[string, string, string | undefined]>([
    ["nothing is held", leaving(10), undefined],
    ["what is held is outside", `${leaving(40)}\n623 block\n664/tcp hold\n1024/tcp hold`, undefined],
    ["what is held is of the other protocol", `${leaving(40)}\n1000/udp hold`, undefined],
    ["as many are left as it takes", `${leaving(KERNEL_MINIMUM)}\n665/tcp hold`, undefined],
    ["all but one are left", `${leaving(KERNEL_MINIMUM - 1)}\n665/tcp hold`, "only 63 ports of 665 to 1023"],
    ["they are held themselves", `${leaving(KERNEL_MINIMUM - 1)} hold`, "only 63 ports of 665 to 1023"],
    ["they are blocked", "665-1023/tcp block", "no port of 665 to 1023"],
  ])("%s", (_, content, expected) => {
    const found = tooFewBesideHeld(configureText(content));
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ message: expect.stringContaining(expected) });
  });

  test("the refusal says for which protocol, why, and what helps", () => {
    expect(tooFewBesideHeld(configureText("665-1000 hold\n"))).toEqual({
      severity: "error",
      code: "too-few-ports-beside-held",
      message:
        "only 23 ports of 665 to 1023 would be left to hand out for tcp and udp, and where some are held the kernel's NFS client needs at least 64: with none its mounts time out",
      hint: "hold or reserve fewer ports, or use --force to compile it as it is",
    });
  });
});
