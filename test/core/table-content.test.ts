// What enters a table: the bits, the digest over the canonical text, the free ports, and the mechanisms for the rest.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { MECHANISMS, mechanismFor } from "../../src/core/mechanism.ts";
import { canonicalText, sameContent, tableContent } from "../../src/core/table/content.ts";
import { tooFewFreePorts, unreservedPorts } from "../../src/core/table/free-ports.ts";
import { blacklistFile, configureText, inputs, ownerFile } from "./inputs.ts";

const owners = [ownerFile("cups", "ipp\n2049/tcp\n"), ownerFile('a "b"\n\\ü', "9/udp\nipp/tcp\n")];
const blacklist = blacklistFile("631\n");

test("writes the canonical text line by line, owners as JSON, high ports included", () => {
  expect(canonicalText(configure(inputs({ owners, blacklist })))).toBe(
    [
      '9/udp "a \\"b\\"\\n\\\\ü"',
      '631/tcp "a \\"b\\"\\n\\\\ü"',
      '631/tcp "bindresvport.blacklist"',
      '631/tcp "cups"',
      '631/udp "bindresvport.blacklist"',
      '631/udp "cups"',
      '2049/tcp "cups"',
      "",
    ].join("\n"),
  );
});

test("holds ports below 1024 as bits and the SHA-256 of the canonical text", () => {
  const configuration = configure(inputs({ owners, blacklist }));
  const digest = createHash("sha256")
    .update(Buffer.from(canonicalText(configuration), "utf8"))
    .digest();
  expect(tableContent(configuration)).toEqual({ tcp: [631], udp: [9, 631], digest });
});

test("has the digest of the empty text where nothing is reserved", () => {
  const digest = Buffer.from("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "hex");
  expect(tableContent(configureText("# nothing\n"))).toEqual({ tcp: [], udp: [], digest });
});

test("tells the bits' edges apart", () => {
  const { tcp, udp } = tableContent(configureText("1/tcp\n1023/tcp\n1024/tcp\n65535\n"));
  expect([tcp, udp]).toEqual([[1, 1023], []]);
});

test("changes the digest with the owner, the protocol and a high port", () => {
  const digests = ["631/tcp", "631/udp", "631", "631\n5000"].map((text) => tableContent(configureText(text)).digest);
  const other = tableContent(configure(inputs({ owners: [ownerFile("other", "631/tcp")] }))).digest;
  const unique = new Set([...digests, other].map((digest) => Buffer.from(digest).toString("hex")));
  expect(unique.size).toBe(5);
});

test("calls a table the same only with equal ports and digest, retired or not", () => {
  const content = tableContent(configureText("631\n700/tcp\n"));
  const table = { ...content, generation: 7n, retired: false };
  const damaged = Buffer.from(content.digest);
  damaged[31] = (damaged[31] ?? 0) ^ 1;
  const answers = [
    table,
    { ...table, generation: 8n, digest: new Uint8Array(content.digest) },
    { ...table, retired: true },
    { ...table, tcp: [631] },
    { ...table, udp: [632] },
    { ...table, digest: damaged },
  ].map((other) => sameContent(content, other));
  expect(answers).toEqual([true, true, true, false, false, false]);
});

test("counts the ports of 600 to 1023 left to the worse-off protocol", () => {
  const counts = ["", "512-599", "600-609/tcp\n600/udp\n600\n", "1-65535/udp", "1-65535"].map((text) =>
    unreservedPorts(configureText(text)),
  );
  expect(counts).toEqual([424, 424, 414, 0, 0]);
});

test("refuses to leave fewer than 32 ports, and names the protocol", () => {
  const texts = ["600-991", "600-992/udp", "600-992/tcp\n600-1022/tcp", "600-992", "600-1023/udp\n600-1000/tcp"];
  const hint = "reserve fewer ports, or use --force to compile it as it is";
  const refusal = (message: string) => ({ severity: "error", code: "too-few-free-ports", message, hint });
  const end = "and programs need at least 32";
  expect(texts.map((text) => tooFewFreePorts(configureText(text)))).toEqual([
    undefined,
    refusal(`only 31 ports of 600 to 1023 would be left to hand out for udp, ${end}`),
    refusal(`only 1 port of 600 to 1023 would be left to hand out for tcp, ${end}`),
    refusal(`only 31 ports of 600 to 1023 would be left to hand out for tcp and udp, ${end}`),
    refusal(`no port of 600 to 1023 would be left to hand out for udp, ${end}`),
  ]);
});

test("has one mechanism for each port, without gap or overlap", () => {
  const ends = [1, 511, 512, 1023, 1024, 65535].map((port) => mechanismFor(port).name);
  expect(ends).toEqual(["none", "none", "preload", "preload", "ephemeral", "ephemeral"]);
  expect(MECHANISMS.map(({ first, last }) => [first, last])).toEqual([
    [1, 511],
    [512, 1023],
    [1024, 65535],
  ]);
  for (const number of [0, 65536, 1.5, Number.NaN]) expect(() => mechanismFor(number)).toThrow(RangeError);
});
