// How names become ports: the host's services file in every state, then the built-in table.
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BUILTIN_SERVICES } from "../../src/core/config/builtin-services.ts";
import { configure } from "../../src/core/config/configure.ts";
import { parseServices, serviceBook } from "../../src/core/config/services.ts";
import { nearest, suggester } from "../../src/core/config/suggest.ts";
import type { SourceFile } from "../../src/core/config/types.ts";
import { named, skipFor } from "../support/can.ts";
import { configureText, inputs, ownerFile, ports } from "./inputs.ts";

const HOST_FILE = "/etc/services";

function services(content: string | Uint8Array): SourceFile {
  return { path: HOST_FILE, bytes: typeof content === "string" ? Buffer.from(content) : content };
}

test("reads names, aliases, comments and odd spacing, and passes over what makes no sense", () => {
  const text = [
    "# comment",
    "one 1/tcp first eins # uno",
    "   two\t2/udp#zwei",
    "two 22/udp",
    "two 222/tcp",
    "first 100/tcp",
    "sctp-only 3/sctp",
    "zero 0/tcp",
    "high 65536/tcp",
    "none",
    "slash 5/",
    "upper 6/TCP",
    "last 65535/tcp alias\r",
  ].join("\n");
  expect([...parseServices(Buffer.from(text))]).toEqual([
    ["one", { tcp: 1 }],
    ["first", { tcp: 1 }],
    ["eins", { tcp: 1 }],
    ["two", { udp: 2, tcp: 222 }],
    ["last", { tcp: 65535 }],
    ["alias", { tcp: 65535 }],
  ]);
});

/** Each as getservbyname("NAME", "tcp") of glibc 2.36 gave it, from a file with these lines. */
test.each([
  ["0x25f/tcp", 607],
  ["0X26/tcp", 38],
  ["01140/tcp", 608],
  ["0000000632/tcp", 410],
  ["+614/tcp", 614],
  ["621//tcp", 621],
  ["66152/tcp", 616],
  ["\v630/tcp", 630],
  ["-1/tcp", undefined],
  ["+-625/tcp", undefined],
  ["4294967912/tcp", undefined],
  ["18446744073709552242/tcp", undefined],
  ["08/tcp", undefined],
  ["616x/tcp", undefined],
  ["617 /tcp", undefined],
  ["/tcp", undefined],
  ["618/TCP", undefined],
  ["619/tcp/udp", undefined],
  ["623/tcp;x", undefined],
  ["624/ tcp", undefined],
])("reads the number of 'name %s' as glibc does: %s", (word, port) => {
  expect(parseServices(Buffer.from(`name ${word}\n`)).get("name")?.tcp).toBe(port);
});

test("looks a name up in the distribution's file where the host's does not list it, and in no other case", () => {
  const book = serviceBook({
    services: services("one 600/tcp\n"),
    vendorServices: { path: "/usr/etc/services", bytes: Buffer.from("one 700/udp\nrndc 954/tcp\n") },
  });
  expect(book.find("one")).toEqual({ tcp: 600, udp: undefined, origin: "services" });
  expect(book.find("rndc")).toEqual({ tcp: 954, udp: undefined, origin: "services" });
  expect(book.find("rsync")).toEqual({ tcp: 873, udp: 873, origin: "built-in" });
  expect(book.path).toBe(HOST_FILE);
});

test("does not say that there is no services file where it cannot be read", () => {
  const hint = (more: object): string | undefined =>
    configure(inputs({ owners: [ownerFile("owner", "nonesuch\n")], services: undefined, ...more })).diagnostics[0]
      ?.hint;
  expect(hint({ servicesUnread: HOST_FILE })).toBe("write the port number: '/etc/services' cannot be read");
  expect(hint({})).toBe("write the port number: there is no services(5) file");
});

test("reserves the number of each protocol where a bare name has two", () => {
  expect(ports(configureText("odd", services("odd 700/tcp\nodd 701/udp\n")))).toEqual(["700/tcp", "701/udp"]);
});

test("reserves both protocols for a bare name that is listed for one, without a remark", () => {
  const configuration = configureText("ipp\n", services("ipp 631/tcp\n"));
  expect(configuration.diagnostics).toEqual([]);
  expect(ports(configuration)).toEqual(["631/tcp", "631/udp"]);
});

test("resolves a name with a protocol it is not listed for, and says so", () => {
  const configuration = configureText("ipp/udp\n", services("ipp 631/tcp\n"));
  expect(ports(configuration)).toEqual(["631/udp"]);
  expect(configuration.diagnostics).toEqual([
    {
      severity: "note",
      code: "other-protocol",
      message: "'ipp' is listed for tcp only; its number, 631, is reserved for udp",
      hint: "write 'ipp' to reserve both",
      place: { file: "/etc/portreserve/owner", line: 1, column: 1, length: 3, text: "ipp/udp" },
    },
  ]);
});

test("prefers the host's number to the built-in one", () => {
  expect(ports(configureText("rndc", services("rndc 954/tcp\n")))).toEqual(["954/tcp", "954/udp"]);
  expect(ports(configureText("rndc"))).toEqual(["953/tcp", "953/udp"]);
});

test("says where a name was found", () => {
  const book = serviceBook({ services: services("rndc 954/tcp\n") });
  expect(book.find("rndc")).toEqual({ tcp: 954, udp: undefined, origin: "services" });
  expect(book.find("rsync")).toEqual({ tcp: 873, udp: 873, origin: "built-in" });
  expect(book.find("toString")).toBeUndefined();
});

test("takes a name that begins with a digit", () => {
  expect(ports(configureText("3com-tsmux/tcp", services("3com-tsmux 700/tcp\n")))).toEqual(["700/tcp"]);
});

const BINARY = Uint8Array.from({ length: 4096 }, (_, index) => (index * 197 + (index >> 3)) % 256);

for (const [state, file] of [
  ["missing", undefined],
  ["empty", services("")],
  ["binary", services(BINARY)],
] as const) {
  test(`resolves the well-known names where the services file is ${state}`, () => {
    const book = serviceBook({ services: file });
    expect(
      ["ipp", "rndc", "ha-cluster", "dhcp-failover", "dhcp-failover2"].map((name) => book.find(name)?.tcp),
    ).toEqual([631, 953, 694, 647, 847]);
    expect(book.find("nonesuch")).toBeUndefined();
  });
}

test.each([
  ["empty", ""],
  ["binary", BINARY],
  ["only comments", "# none\n"],
  ["without tcp and udp", "x 5/sctp\n"],
])("notes a services file that has no names, and none where it has one: %s", (_, content) => {
  const note = {
    severity: "note",
    code: "no-service-names",
    message: "no service names in it, so only built-in service names are known",
    hint: "write port numbers, or install the package that ships it (netbase, setup) again",
    file: HOST_FILE,
  };
  expect(configureText("ipp/tcp", services(content))).toEqual({
    reservations: [
      { port: 631, protocol: "tcp", owner: "owner", file: "/etc/portreserve/owner", line: 1, kind: "reserve" },
    ],
    diagnostics: [note],
  });
  expect(configureText("ipp/tcp", services("x 1/udp\n")).diagnostics).toEqual([]);
  expect(configure(inputs({ services: undefined })).diagnostics).toEqual([]);
});

test("does not advise to edit a services file that is not there", () => {
  const { diagnostics } = configure(inputs({ owners: [ownerFile("owner", "nonesuch\n")], services: undefined }));
  expect(diagnostics.map(({ message, hint }) => [message, hint])).toEqual([
    ["unknown service 'nonesuch'", "write the port number: there is no services(5) file"],
  ]);
});

test("has only ports below 1024 in the built-in table, each name once", () => {
  const all = [...BUILTIN_SERVICES];
  expect(all.filter(([name, port]) => !/^[a-z0-9_-]+$/.test(name) || !(port >= 1 && port <= 1023))).toEqual([]);
  expect(all.length).toBeGreaterThan(60);
});

const noFile = existsSync(HOST_FILE) ? undefined : skipFor(`no '${HOST_FILE}': install the package netbase`);
test.skipIf(noFile !== undefined)(
  named("agrees with this host's services file on every name both know", noFile),
  () => {
    const host = parseServices(readFileSync(HOST_FILE));
    const both = [...BUILTIN_SERVICES].filter(([name]) => host.has(name));
    const differing = both.filter(([name, port]) =>
      Object.values(host.get(name) ?? {}).some((other) => other !== port),
    );
    expect(differing).toEqual([]);
    expect(both.length).toBeGreaterThan(0);
  },
);

test("suggests the nearest name, and none where nothing is near", () => {
  const known = ["imap", "imaps", "ipp", "kerberos-adm", "pop3", "pop3s"];
  const pairs = ["ipps", "IPP", "imasp", "kerberos-admn", "kerebros-adm", "pop", "p", "completely-else", "imap3"];
  expect(pairs.map((name) => nearest(name, known))).toEqual([
    "ipp",
    "ipp",
    "imaps",
    "kerberos-adm",
    "kerberos-adm",
    "pop3",
    undefined,
    undefined,
    "imaps",
  ]);
});

test("stops suggesting after a million comparisons, so that a huge services file stays cheap", () => {
  const known = ["ipp", ...Array.from({ length: 199_999 }, (_, index) => `a-name-that-is-far-from-it-${index}`)];
  const suggest = suggester(known);
  const asked = ["ipps", "ipq", "iqp", "ip", "pip", "ippp", "ipps"];
  expect(asked.map(suggest)).toEqual(["ipp", "ipp", "ipp", "ipp", "ipp", undefined, "ipp"]);
});
