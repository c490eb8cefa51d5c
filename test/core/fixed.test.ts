// Which ports RPC daemons are given, what their administrators have set already, and the files that say so.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  expandVariables,
  nfsConfPort,
  optionPort,
  portIn,
  shellWords,
  withArgument,
} from "../../src/core/mechanisms/fixed-given.ts";
import {
  FIXED_KINDS,
  type FixedName,
  type FixedPort,
  numbersOf,
  planFixed,
} from "../../src/core/mechanisms/fixed-ports.ts";
import {
  fixedDropInText,
  hasOption,
  nfsConfText,
  ownersText,
  parseOwners,
  withOption,
  withoutOption,
} from "../../src/core/mechanisms/fixed-texts.ts";
import { settingsOf } from "../../src/core/systemd/unit-file.ts";

const kinds = fc.subarray([...FIXED_KINDS]);
/** Often so many that little is left. */
const taken = fc
  .tuple(fc.integer({ min: 0, max: 600 }), fc.array(fc.integer({ min: 500, max: 1100 }), { maxLength: 300 }))
  .map(([most, some]) => new Set([...some, ...Array.from({ length: most }, (_, at) => 1023 - at)]));
const plan = (all: typeof FIXED_KINDS, no: ReadonlySet<number>, given: readonly FixedPort[] = [], chosen = given) =>
  planFixed({ kinds: all, given, chosen, isTaken: (port) => no.has(port) });
const without = (ports: readonly (FixedPort & { readonly given?: boolean })[]): readonly FixedPort[] =>
  ports.map(({ given: _, ...port }) => port);

describe("the ports of a first time", () => {
  test("are the ones that cost least, each with the neighbour that it takes for IPv6", () => {
    expect(plan(FIXED_KINDS, new Set([597, 595])).ports.map(({ name, port, count }) => [name, port, count])).toEqual([
      ["rpc.statd", 599, 1],
      ["sm-notify", 598, 1],
      ["lockd", 596, 1],
      ["rpc.mountd", 594, 1],
      ["ypserv", 592, 2],
      ["rpc.yppasswdd", 590, 2],
      ["rpc.rquotad", 589, 1],
    ]);
  });

  test("are nobody else's, each one's alone, and privileged where peers ask for that", () => {
    let high = 0;
    let none = 0;
    fc.assert(
      fc.property(kinds, taken, (all, no) => {
        const { ports, without: left } = plan(all, no);
        const numbers = ports.flatMap(numbersOf);
        high += numbers.filter((port) => port > 1023).length;
        none += left.length;
        return (
          ports.length + left.length === all.length &&
          new Set(numbers).size === numbers.length &&
          numbers.every((port) => !no.has(port) && port >= 512 && port <= 32_767) &&
          ports.every((one) =>
            all.some(({ name, count, privileged }) => {
              return name === one.name && count === one.count && (!privileged || one.port + one.count <= 1024);
            }),
          )
        );
      }),
    );
    // The control: of the crowded hosts, some have none left below 1024, and some none at all.
    expect([high > 0, none > 0]).toEqual([true, true]);
  });

  test("stay when they are asked for again, whatever has been taken in the meantime or was installed or removed", () => {
    fc.assert(
      fc.property(kinds, taken, kinds, taken, (first, no, second, later) => {
        const before = plan(first, no).ports;
        const after = plan(second, later, [], without(before)).ports;
        return before.every((one) => {
          const now = after.find(({ name }) => name === one.name);
          return now === undefined ? !second.some(({ name }) => name === one.name) : now.port === one.port;
        });
      }),
    );
  });
});

describe("what an administrator has set", () => {
  test("is kept, and takes its number from whoever had it", () => {
    const given: readonly FixedPort[] = [{ name: "rpc.mountd", port: 599, count: 1 }];
    const chosen = without(plan(FIXED_KINDS, new Set()).ports);
    const { ports } = plan(FIXED_KINDS, new Set([599]), given, chosen);
    const port = (name: FixedName) => ports.filter((one) => one.name === name);
    expect(port("rpc.mountd")).toEqual([{ name: "rpc.mountd", port: 599, count: 1, given: true }]);
    expect(port("rpc.statd")[0]?.port).not.toBe(599);
    // All others have what they had.
    const rest = (all: readonly FixedPort[]) =>
      all.flatMap(({ name, port: number }) => (name === "rpc.mountd" || name === "rpc.statd" ? [] : [[name, number]]));
    expect(rest(ports)).toEqual(rest(chosen));
  });

  test("may be one port for each protocol of lockd", () => {
    const given: readonly FixedPort[] = [
      { name: "lockd", port: 4001, count: 1, protocol: "tcp" },
      { name: "lockd", port: 4002, count: 1, protocol: "udp" },
    ];
    const lockd = FIXED_KINDS.filter(({ name }) => name === "lockd");
    expect(plan(lockd, new Set(), given).ports).toEqual(given.map((one) => ({ ...one, given: true })));
  });

  test.each<[string, number | undefined]>([
    ["[statd]\nport=4000\n", 4000],
    ["[ STATD ]\n port = 4000 # fixed\n", 4000],
    ["[statd]\n# port=4000\n", undefined],
    ["[statd]\nport=0\n", undefined],
    ["[mountd]\nport=4000\n", undefined],
    ["[statd]\noutgoing-port=4000\n", undefined],
    ['[statd]\nport="4000"\n[statd]\nport=4001\n', 4001],
  ])("is read in nfs.conf: %j", (text, expected) => {
    expect(nfsConfPort([{ path: "/etc/nfs.conf", text }], "statd", "port")).toBe(expected);
  });

  test.each<[readonly string[], readonly string[], number | undefined]>([
    [["/usr/sbin/ypserv", "-p", "834"], ["--port", "-p"], 834],
    [["/usr/sbin/ypserv", "-p834"], ["--port", "-p"], 834],
    [["/usr/sbin/ypserv", "--port=834"], ["--port", "-p"], 834],
    [["/usr/sbin/ypserv", "--port", "834", "--port", "835"], ["--port", "-p"], 835],
    [["/usr/sbin/ypserv", "--portly", "834"], ["--port", "-p"], undefined],
    // The file of passwords.
    [["rpc.yppasswdd", "-p", "834"], ["--port"], undefined],
    [["/usr/sbin/ypserv", "-p"], ["--port", "-p"], undefined],
  ])("is found among arguments: %j", (words, names, expected) => {
    expect(optionPort(words, names)).toBe(expected);
  });

  test("may be in a variable of the unit, or of a file that a shell reads", () => {
    const variables = new Map([["YPSERVARGS", "-p 834  -d"]]);
    expect(expandVariables(["ypserv", "$YPSERVARGS", `x\${YPSERVARGS}`, "$NONE"], variables)).toEqual([
      ...["ypserv", "-p", "834", "-d", "x-p 834  -d"],
    ]);
    expect(shellWords("A=1\n#OPTS=2\nOPTS=-S\n OPTS='-p 834 -S' # more\n", "OPTS")).toEqual(["-p", "834", "-S"]);
    expect([portIn("65536"), portIn("-1"), portIn("1"), portIn("nfs")]).toEqual([undefined, undefined, 1, undefined]);
  });
});

describe("the files", () => {
  const anyPort = fc.record(
    {
      name: fc.constantFrom(...FIXED_KINDS.map(({ name }) => name)),
      port: fc.integer({ min: 1, max: 65_534 }),
      count: fc.constantFrom(1, 2),
      protocol: fc.constantFrom("tcp", "udp"),
    },
    { requiredKeys: ["name", "port", "count"] },
  ) as fc.Arbitrary<FixedPort>;

  test("of reservations say whose each port is, and are read back", () => {
    fc.assert(
      fc.property(
        fc.array(anyPort),
        (ports) => JSON.stringify(without(parseOwners(ownersText(ports)))) === JSON.stringify(without(ports)),
      ),
    );
    expect(parseOwners("599 # rpc.statd\n598\n597 # cups\n# 596 # ypserv\n0 # ypserv\n65535-65536 # ypserv\n")).toEqual(
      [{ name: "rpc.statd", port: 599, count: 1 }],
    );
  });

  test("of nfs-utils set what is ours alone", () => {
    const none = { statd: undefined, notify: undefined, lockd: undefined, mountd: undefined };
    expect(
      nfsConfText({ ...none, mountd: 599 })
        .split("\n")
        .slice(1),
    ).toEqual(["[mountd]", "port=599", ""]);
    expect(
      nfsConfText({ ...none, notify: 599 })
        .split("\n")
        .slice(1, -1),
    ).toEqual([...["[statd]", "outgoing-port=599", "[sm-notify]", "outgoing-port=599"]]);
  });

  test("of a unit start the same with one option more, however it is started", () => {
    const command = "-/usr/sbin/ypserv $YPSERVARGS";
    const text = fixedDropInText(withArgument(command, "ypserv", "--port 594") ?? "");
    expect(settingsOf(text).map(({ key, value }) => [key, value])).toEqual([
      ["ExecStart", ""],
      ["ExecStart", "-/usr/sbin/ypserv --port 594 $YPSERVARGS"],
    ]);
    expect(withArgument("/bin/nice -- /usr/sbin/ypserv --foreground", "ypserv", "-p 1")).toBe(
      "/bin/nice -- /usr/sbin/ypserv -p 1 --foreground",
    );
    for (const other of [
      "/usr/bin/start-nis",
      "@/usr/sbin/ypserv nis",
      "/usr/sbin/ypserv.old",
      "/bin/sh -c 'exec ypserv'",
    ]) {
      expect(withArgument(other, "ypserv", "-p 1"), other).toBeUndefined();
    }
  });

  test("of shell variables get their bytes back, whatever is in them, and is put there afterwards", () => {
    const texts = fc.option(
      fc.string().map((text) => text.replaceAll("#", "")),
      { nil: undefined },
    );
    fc.assert(
      fc.property(texts, fc.string(), (text, more) => {
        const changed = withOption(text, "OPTS", "--port 591");
        const again = withOption(changed, "OPTS", "--port 592");
        const added = withoutOption(`${changed}${more}`);
        const gap = text === undefined || text === "" || text.endsWith("\n") || more === "" ? "" : "\n";
        return (
          hasOption(changed) &&
          withoutOption(changed) === text &&
          again === changed.replace("591", "592") &&
          (added ?? "") === `${text ?? ""}${gap}${more}`
        );
      }),
    );
    expect(withOption("OPTS=-S", "OPTS", "--port 591").split("\n").at(-2)).toBe('OPTS="$OPTS --port 591"');
    expect(withoutOption("OPTS=-S")).toBe("OPTS=-S");
  });
});
