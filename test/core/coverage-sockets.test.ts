// The pure parts of looking at sockets: the kernel's tables, addresses, states, holders.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressText } from "../../src/core/sockets/address.ts";
import { type SocketRow, socketState } from "../../src/core/sockets/row.ts";
import { parseSocketTable } from "../../src/core/sockets/table.ts";
import { inodesOf, type Search, type SocketTable, socketFacts } from "../../src/observe/sockets/socket-facts.ts";

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5501 1 00000000a5b0f7a6 100 0 0 10 0
   1: 0100007F:0278 0100007F:D431 06 00000000:00000000 03:0000176F 00000000     0        0 0 3 00000000a5b0f7a7
`;

describe("a table of the kernel's", () => {
  test("gives every socket with its state, user and inode", () => {
    expect(parseSocketTable(TCP, "inet")).toEqual([
      { address: "127.0.0.1", port: 631, state: 10, uid: 1000, inode: 5501 },
      { address: "127.0.0.1", port: 632, state: 6, uid: 0, inode: 0 },
    ]);
    expect(parseSocketTable(TCP, "inet6")).toEqual([]);
  });

  test("that is anything else gives no socket that cannot be, and no error", () => {
    const cut = fc.tuple(fc.nat(TCP.length), fc.nat(TCP.length), fc.string()).map(([from, to, text]) => {
      return TCP.slice(0, from) + text + TCP.slice(to);
    });
    const noise = fc.array(
      fc.constantFrom(" ", "0", "F", ":", "0A", "1: 0100007F:0277 ", "\n", "-1", "\0", "\u001b[31m"),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          cut,
          noise.map((parts) => parts.join("")),
          fc.string(),
        ),
        (text) => {
          for (const { address, port, state, uid, inode } of parseSocketTable(text, "inet")) {
            expect(address).toMatch(/^(\d{1,3}\.){3}\d{1,3}$/);
            expect([port, state, uid, inode].every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true);
          }
          parseSocketTable(text, "inet6");
        },
      ),
    );
  });

  test("of a million characters in one line is passed over at once", () => {
    expect(parseSocketTable(`0: 0100007F:0277 ${" 0".repeat(500_000)}`, "inet")).toEqual([]);
  });
});

/** The digits that a little-endian kernel prints for these bytes. */
function printed(bytes: readonly number[]): string {
  const words = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.slice(4 * index, 4 * index + 4).reverse());
  return words
    .flat()
    .map((byte) => byte.toString(16).padStart(2, "0").toUpperCase())
    .join("");
}

describe("an address", () => {
  test.each([
    ["00000000000000000000000000000000", "::"],
    ["00000000000000000000000001000000", "::1"],
    ["0000000000000000FFFF0000010200C0", "::ffff:192.0.2.1"],
    ["000000000000000000000000010200C0", "::192.0.2.1"],
    ["000080FE00000000FF565002BD12AFFE", "fe80::250:56ff:feaf:12bd"],
    ["B80D0120000000000100000000000000", "2001:db8::1:0:0"],
    ["B80D0120010000000100010000000100", "2001:db8:0:1:1:1:1:0"],
  ])("%s is %s", (hex, text) => {
    expect(addressText(hex, "inet6")).toBe(text);
  });

  test("of IPv6 is written so that every reader reads the same address, in the shortest way", () => {
    const byte = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (bytes) => {
        const text = addressText(printed(bytes), "inet6");
        const host = new URL(`http://[${text}]`).hostname;
        const groups = bytes.flatMap((high, at) =>
          at % 2 === 0 ? [(high * 256 + (bytes[at + 1] ?? 0)).toString(16)] : [],
        );
        expect(host).toBe(new URL(`http://[${groups.join(":")}]`).hostname);
        if (!text.includes(".")) expect(`[${text}]`).toBe(host);
      }),
    );
  });
});

test("a state is what the kernel's number means for people, and ended without an inode", () => {
  const states = (inode: number) => Array.from({ length: 13 }, (_, at) => socketState({ state: at + 1, inode }));
  expect(states(5)).toEqual([
    ...["connected", "connected", "connected", "connected", "connected", "ended", "bound", "connected", "connected"],
    ...["listening", "connected", "connected", "bound"],
  ]);
  expect(new Set(states(0))).toEqual(new Set(["ended"]));
});

describe("facts about sockets", () => {
  const row = (port: number, inode: number, state = 7): SocketRow => ({
    address: "0.0.0.0",
    port,
    state,
    uid: 0,
    inode,
  });
  const table = (...rows: readonly SocketRow[]): SocketTable => ({ protocol: "udp", family: "inet", rows });
  const search = (changes: Partial<Search> = {}): Search => ({
    holders: new Map([[7, [1, 9]]]),
    refused: 0,
    hidden: false,
    ...changes,
  });
  const holders = (changes: Partial<Search>, asRoot: boolean) =>
    socketFacts([table(row(631, 7), row(632, 8), row(633, 0))], search(changes), asRoot).map((one) => one.holders);

  test("leave out other ports and say the same thing once", () => {
    const rows = [row(1024, 3), row(0, 4), row(700, 0, 6), row(631, 7), row(631, 7), row(700, 5, 6), row(700, 0, 6)];
    expect(socketFacts([table(...rows)], search(), true).map(({ port, state }) => `${port} ${state}`)).toEqual([
      "631 bound",
      "700 ended",
    ]);
    expect(inodesOf([table(...rows)])).toEqual(new Set([7]));
  });

  test("say that nobody holds a socket only where every process could be looked into", () => {
    expect(holders({}, true)).toEqual([[1, 9], [], []]);
    const unseen = (text: string, rootWould: boolean) => [[1, 9], { unseen: text, rootWould }, []];
    expect(holders({ refused: 2 }, false)).toEqual(unseen("2 processes of other users could not be looked into", true));
    expect(holders({ refused: 1 }, false)).toEqual(unseen("1 process of another user could not be looked into", true));
    expect(holders({ hidden: true }, false)).toEqual(unseen("the processes of other users are hidden here", true));
    expect(holders({ refused: 3 }, true)).toEqual(unseen("3 processes could not be looked into", false));
    expect(holders({ hidden: true }, true)).toEqual(unseen("some processes could not be looked into", false));
  });
});
