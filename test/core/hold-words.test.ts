// The words behind a port: which lines hold and block what, and what is said of every near miss.
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { HOLD_LIMIT, heldPorts } from "../../src/core/hold/held-ports.ts";
import { blacklistFile, configureText, errors, inputs, ownerFile, ports } from "./inputs.ts";

/** 'hold tcp 631', in the order of the compiled file. */
function held(configuration: ReturnType<typeof configureText>): string[] {
  return heldPorts(configuration).map(({ kind, protocol, port }) => `${kind} ${protocol} ${port}`);
}

const ACCEPTED: [content: string, held: string[]][] = [
  ["ipp/tcp hold", ["hold tcp 631"]],
  ["623 block", ["block tcp 623", "block udp 623"]],
  ["608-610/udp hold", ["hold udp 608", "hold udp 609", "hold udp 610"]],
  ["ipp hold", ["hold tcp 631", "hold udp 631"]],
  ["\t631/TCP\t \tHOLD \r\n", ["hold tcp 631"]],
  ["631/tcp Block# for the BMC", ["block tcp 631"]],
  ["631/tcp hold # block", ["hold tcp 631"]],
  ["631/tcp # hold", []],
  ["631\n632 hold\n", ["hold tcp 632", "hold udp 632"]],
  ["631/tcp\n631/tcp hold\n631/tcp\n", ["hold tcp 631"]],
  ["631 hold\n631/udp\n", ["hold tcp 631", "hold udp 631"]],
];

test.each(ACCEPTED)("%j is taken without a diagnostic", (content, expected) => {
  const configuration = configureText(content);
  expect(configuration.diagnostics).toEqual([]);
  expect(held(configuration)).toEqual(expected);
  const kept = configuration.reservations.filter(({ kind }) => kind !== "reserve");
  expect(kept.length).toBe(expected.length);
});

test("a port with a word is reserved as one without, and the digest's text does not change", () => {
  expect(ports(configureText("631 hold\n608-609/tcp block"))).toEqual(ports(configureText("608-609/tcp\n631")));
});

const COMMENT = "write '#' before a comment, and one port or service a line";

/** The line, the column and length of the diagnostic, its code, message and hint. */
const REJECTED: [line: string, column: number, length: number, code: string, message: string, hint: string][] = [
  ["631 hodl", 5, 4, "extra-word", "unexpected 'hodl' after '631'", near("631 hold")],
  ["631/tcp holds", 9, 5, "extra-word", "unexpected 'holds' after '631/tcp'", near("631/tcp hold")],
  ["ipp blocked", 5, 7, "extra-word", "unexpected 'blocked' after 'ipp'", near("ipp block")],
  ["608-610 Hold,", 9, 5, "extra-word", "unexpected 'Hold,' after '608-610'", near("608-610 hold")],
  ["631 hodl me", 5, 4, "extra-word", "unexpected 'hodl' after '631'", COMMENT],
  ["631 please hold", 5, 6, "extra-word", "unexpected 'please' after '631'", COMMENT],
  ["631 keep", 5, 4, "extra-word", "unexpected 'keep' after '631'", COMMENT],
  ["631 tcp hold", 5, 3, "extra-word", "unexpected 'tcp' after '631'", "write '631/tcp hold'"],
  ["631 HOLD tcp", 10, 3, "extra-word", "unexpected 'tcp' after 'HOLD'", "write '631/tcp hold'"],
  ["631/tcp hold udp", 14, 3, "extra-word", "unexpected 'udp' after 'hold'", COMMENT],
  ["631 hold  cups", 11, 4, "extra-word", "unexpected 'cups' after 'hold'", COMMENT],
  [" 608 - 610 / tcp hold", 2, 15, "spaces-inside", "spaces inside '608 - 610 / tcp'", "write '608-610/tcp hold'"],
  ["ipp /tcp block", 1, 8, "spaces-inside", "spaces inside 'ipp /tcp'", "write 'ipp/tcp block'"],
  [
    "631 hold block",
    10,
    5,
    "second-word",
    "'block' after 'hold': a port is held for its owner or blocked for everybody",
    "write '631 hold' or '631 block'",
  ],
  ["631 Block BLOCK", 11, 5, "second-word", "'BLOCK' stands twice behind '631'", "write '631 block'"],
  ["hold 631", 1, 4, "word-in-front", "'hold' in front of the port", "write '631 hold'"],
  [" Block ipp/tcp", 2, 5, "word-in-front", "'Block' in front of the port", "write 'ipp/tcp block'"],
  ["hold", 1, 4, "word-in-front", "no port in front of 'hold'", "write the port or the service first: '631 hold'"],
  [
    "hold block",
    1,
    4,
    "word-in-front",
    "no port in front of 'hold'",
    "write the port or the service first: '631 hold'",
  ],
  [
    "block the BMC",
    1,
    5,
    "word-in-front",
    "no port in front of 'block'",
    "write the port or the service first: '631 block'",
  ],
  ["631/hold", 5, 4, "unknown-protocol", "unknown protocol 'hold'", "write '631 hold'"],
  ["631/TCP/hold", 8, 5, "second-slash", "more than one '/'", "write '631/tcp hold'"],
  ["631hold", 1, 7, "malformed-number", "'631hold' is neither a port number nor a known service", "write '631 hold'"],
  ["0 hold", 1, 1, "port-zero", "port 0 cannot be reserved", "write a port number from 1 to 65535"],
  ["0 hold tcp", 1, 1, "port-zero", "port 0 cannot be reserved", "write a port number from 1 to 65535"],
  [
    "ipps hold",
    1,
    4,
    "unknown-service",
    "unknown service 'ipps'",
    "did you mean 'ipp'? otherwise write the port number, or add the name to '/etc/services'",
  ],
];

function near(meant: string): string {
  return `did you mean '${meant}'? otherwise write '#' before a comment`;
}

test.each(REJECTED)("%j is rejected with its place and a cure", (line, column, length, code, message, hint) => {
  const file = "/etc/portreserve/owner";
  const configuration = configureText(`600\n${line}\n601`);
  const place = { file, line: 2, column, length, text: line };
  expect(configuration.diagnostics).toEqual([{ severity: "error", code, message, hint, place }]);
  expect(ports(configuration)).toEqual(["600/tcp", "600/udp", "601/tcp", "601/udp"]);
});

test("each cure that is one line to write is accepted", () => {
  const cures = REJECTED.flatMap(([, , , , , hint]) =>
    [...hint.matchAll(/'([^']+ (?:hold|block))'/g)].map(([, cure]) => cure),
  );
  expect(cures.length).toBeGreaterThan(15);
  for (const cure of cures) expect([cure, configureText(cure ?? "").diagnostics]).toEqual([cure, []]);
});

test("a service that is called like a word is a service where a service stands", () => {
  const services = { path: "/etc/services", bytes: Buffer.from("hold 700/tcp\n") };
  expect(held(configureText("hold\nhold hold", services))).toEqual(["hold tcp 700", "hold udp 700"]);
});

test("the blacklist has no words: its line is dropped, as libtirpc drops it", () => {
  const configuration = configure(inputs({ blacklist: blacklistFile("631 hold\n664\n") }));
  expect(held(configuration)).toEqual([]);
  expect(ports(configuration)).toEqual(["664/tcp", "664/udp"]);
  expect(configuration.diagnostics).toMatchObject([
    {
      severity: "note",
      code: "blacklist-line-dropped",
      message: "'631 hold' is not a number alone, so libtirpc drops the line, and so does the table",
      hint: "write '631 hold' into the file of its owner, and the number alone here",
    },
  ]);
});

test("what one file reserves and another holds is held, whichever comes first", () => {
  for (const [a, b] of [
    ["631/tcp", "631/tcp hold"],
    ["631/tcp hold", "631/tcp"],
  ] as const) {
    const configuration = configure(inputs({ owners: [ownerFile("a", a), ownerFile("b", b)] }));
    expect(configuration.diagnostics).toEqual([]);
    expect(held(configuration)).toEqual(["hold tcp 631"]);
    expect(configuration.reservations.map(({ owner, kind }) => `${owner} ${kind}`)).toEqual(
      a === "631/tcp" ? ["a reserve", "b hold"] : ["a hold", "b reserve"],
    );
  }
});

test("the row of a file has the line that holds, not the first that reserves", () => {
  const configuration = configureText("631/tcp\n631/tcp hold\n631/tcp hold\n");
  expect(configuration.reservations).toMatchObject([{ line: 2, kind: "hold" }]);
});

test("a port to be held and to be blocked is held, and the line that blocks it says by whom, wherever it stands", () => {
  const blocked = ownerFile("bmc", "623-625/udp block\n");
  for (const owner of ["a", "z"]) {
    const owners = [blocked, ownerFile(owner, "# x\n624/udp hold\n625/udp hold\n")];
    const configuration = configure(inputs({ owners }));
    expect(held(configuration)).toEqual(["block udp 623", "hold udp 624", "hold udp 625"]);
    expect(configuration.diagnostics).toEqual([
      {
        severity: "error",
        code: "held-and-blocked",
        message: `624/udp and 1 more port are to be held by '/etc/portreserve/${owner}:2', and not blocked: a block would keep the owner out`,
        hint: "remove 'block' here, or 'hold' there",
        place: { file: "/etc/portreserve/bmc", line: 1, column: 1, length: 7, text: "623-625/udp block" },
      },
    ]);
  }
  const same = configureText("631/tcp block\n631/tcp hold\n");
  expect(held(same)).toEqual(["hold tcp 631"]);
  expect(errors(same).map(({ message, place }) => [place?.line, message])).toEqual([
    [1, "631/tcp is to be held by '/etc/portreserve/owner:2', and not blocked: a block would keep the owner out"],
  ]);
});

test("ports that no library hands out may be held, and the note says what that does", () => {
  const configuration = configureText("80/tcp hold\n2049/tcp hold\n80/udp block\n2049/udp block\n");
  expect(held(configuration)).toEqual(["hold tcp 80", "hold tcp 2049", "block udp 80", "block udp 2049"]);
  expect(configuration.diagnostics.map(({ severity, hint }) => [severity, hint])).toEqual([
    ["note", "the hold keeps it from everybody who asks for it without SO_REUSEADDR"],
    ["note", "the kernel hands it to no socket without SO_REUSEADDR either, while it is held"],
    ["note", "the block keeps it from everybody"],
    ["note", "the kernel hands it to nobody either, while it is blocked"],
  ]);
});

test("beyond the most ports that can be held, a line is reserved alone, and later ones that fit are held", () => {
  const most = `${10_001}-${10_000 + HOLD_LIMIT - 1}/tcp hold`;
  const configuration = configureText(`${most}\n700 hold\n10001-10002/tcp hold\n701/tcp block\n702/tcp hold\n`);
  expect(heldPorts(configuration).length).toBe(HOLD_LIMIT);
  expect(held(configuration)[0]).toBe("block tcp 701");
  expect(ports(configuration)).toEqual(expect.arrayContaining(["700/tcp", "700/udp", "702/tcp"]));
  expect(errors(configuration).map(({ code, place }) => [code, place?.line])).toEqual([
    ["too-many-held", 2],
    ["too-many-held", 5],
  ]);
  expect(errors(configuration)[0]).toMatchObject({
    message:
      "the files hold and block more than 2048 ports, each protocol counted, so those of this line are only reserved",
    hint: "write fewer or shorter ranges, or '/tcp' or '/udp' behind a port that needs one protocol",
  });
});
