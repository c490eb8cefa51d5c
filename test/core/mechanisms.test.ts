// What the mechanisms beside the shim decide: the range of the NFS client, the merged list of ports, and what others have set.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClientRange,
  DEFAULT_CLIENT_RANGE,
  longestRun,
  rangeWrites,
  sameRange,
  sizeOf,
} from "../../src/core/mechanisms/nfs-range.ts";
import { hasPorts, joinPorts, parsePortList, portListText, withoutPorts } from "../../src/core/mechanisms/port-list.ts";
import {
  commandLineSetting,
  inEffect,
  moduleSettings,
  resvportSettings,
  rootIsNfs,
  sysctlSettings,
} from "../../src/core/mechanisms/settings.ts";
import {
  ephemeralText,
  isManagedText,
  modprobeText,
  NORESVPORT_TEXT,
  parseEphemeralOurs,
  parseRangeSysctl,
  rangeSysctlText,
  saysFolderMade,
  withFolderMade,
} from "../../src/core/mechanisms/texts.ts";

const port = fc.integer({ min: 1, max: 65_535 });
const ports = fc.array(port, { maxLength: 60 });
const range = fc
  .tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }))
  .map(([a, b]): ClientRange => ({ min: Math.min(a, b), max: Math.max(a, b) }));
/** Many of the range of the NFS client, so that its runs are short too. */
const reserved = fc.array(fc.integer({ min: 600, max: 1030 }), { maxLength: 200 });

describe("the range of the NFS client", () => {
  test.each<[readonly number[], ClientRange | undefined]>([
    [[], { min: 665, max: 1023 }],
    [[631, 1024], { min: 665, max: 1023 }],
    [[749, 993], { min: 750, max: 992 }],
    [[665, 1023], { min: 666, max: 1022 }],
    // Of two that are equally long, the higher.
    [[844], { min: 845, max: 1023 }],
    [Array.from({ length: 358 }, (_, at) => 665 + at), { min: 1023, max: 1023 }],
    [Array.from({ length: 359 }, (_, at) => 665 + at), undefined],
  ])("is the longest run without one of %j", (taken, expected) => {
    expect(longestRun(taken)).toEqual(expected);
  });

  test("has no reserved port, and no other run is longer", () => {
    fc.assert(
      fc.property(reserved, (taken) => {
        const run = longestRun(taken);
        const gone = new Set(taken);
        const picture = Array.from({ length: 359 }, (_, at) => (gone.has(DEFAULT_CLIENT_RANGE.min + at) ? "r" : "."));
        const longest = Math.max(
          ...picture
            .join("")
            .split("r")
            .map(({ length }) => length),
        );
        if (run === undefined) return longest === 0;
        const within = picture.slice(run.min - DEFAULT_CLIENT_RANGE.min, run.max - DEFAULT_CLIENT_RANGE.min + 1);
        return within.join("") === ".".repeat(longest) && sizeOf(run) === longest;
      }),
    );
  });

  test("becomes another without min above max at any moment; written in one fixed order it would not", () => {
    let crossed = 0;
    fc.assert(
      fc.property(range, range, (now, wanted) => {
        const state = { ...now };
        for (const { end, value } of rangeWrites(now, wanted)) {
          state[end] = value;
          if (state.min > state.max) return false;
        }
        if (wanted.min > now.max || wanted.max < now.min) crossed += 1;
        return sameRange(state, wanted);
      }),
    );
    // The control: for these, min first or max first would have been wrong.
    expect(crossed).toBeGreaterThan(10);
    expect(rangeWrites({ min: 665, max: 700 }, { min: 800, max: 1023 })).toEqual([
      { end: "max", value: 1023 },
      { end: "min", value: 800 },
    ]);
    expect(rangeWrites({ min: 800, max: 1023 }, { min: 665, max: 700 })).toEqual([
      { end: "min", value: 665 },
      { end: "max", value: 700 },
    ]);
    expect(rangeWrites({ min: 665, max: 700 }, { min: 665, max: 700 })).toEqual([]);
  });

  test("is in the files as it is read back, whose lines never set min above max", () => {
    fc.assert(
      fc.property(range, range, range, (wanted, before, set) => {
        const text = rangeSysctlText(wanted, before, 65_535);
        const state = { ...set };
        for (const [, end, value] of text.matchAll(/^-sunrpc\.(min|max)_resvport = (\d+)$/gm)) {
          state[end as "min" | "max"] = Number(value);
          if (state.min > state.max) return false;
        }
        const read = parseRangeSysctl(text);
        return sameRange(state, wanted) && read !== undefined && sameRange(read.before, before);
      }),
    );
    expect(parseRangeSysctl("# something else\n")).toBeUndefined();
  });
});

describe("the list of ports", () => {
  test.each([
    ["", []],
    ["\n", []],
    ["623,664,8000-8002\n", [623, 664, 8000, 8001, 8002]],
    ["5, 3 3-4", [3, 4, 5]],
    ["4-3", undefined],
    ["70000", undefined],
    ["http", undefined],
    ["1-", undefined],
  ])("reads %j as the kernel does", (text, expected) => {
    expect(parsePortList(text)).toEqual(expected);
  });

  test("is written as it is read", () => {
    fc.assert(
      fc.property(ports, (list) => {
        const sorted = joinPorts(list);
        return JSON.stringify(parsePortList(portListText(list))) === JSON.stringify(sorted);
      }),
    );
    expect(portListText([8001, 8000, 5])).toBe("5,8000-8001");
  });

  test("merged keeps all entries of others, and taken out of it again ours alone go", () => {
    fc.assert(
      fc.property(ports, ports, (foreign, wanted) => {
        const before = joinPorts(foreign);
        const ours = withoutPorts(wanted, before);
        const merged = joinPorts(before, wanted);
        const after = withoutPorts(merged, ours);
        return hasPorts(merged, before) && hasPorts(merged, wanted) && portListText(after) === portListText(before);
      }),
    );
    // The control: taking out all that is reserved would take what others had there before.
    expect(withoutPorts(joinPorts([8080], [8080, 631]), [8080, 631])).toEqual([]);
  });

  test("says in its file which are ours", () => {
    fc.assert(
      fc.property(ports, ports, (list, ours) => {
        const read = parseEphemeralOurs(withFolderMade(ephemeralText(list, ours)));
        return portListText(read) === portListText(ours);
      }),
    );
    expect(ephemeralText([], [])).not.toContain("=");
    expect(parseEphemeralOurs("net.ipv4.ip_local_reserved_ports = 1\n")).toEqual([]);
  });
});

test("knows its own files by their first line alone", () => {
  const text = modprobeText({ min: 700, max: 1023 });
  expect(isManagedText("nfs-range", text)).toBe(true);
  expect(isManagedText("ephemeral", text)).toBe(false);
  expect(isManagedText("nfs-range", `\n${text}`)).toBe(false);
  expect(isManagedText("noresvport", NORESVPORT_TEXT)).toBe(true);
  expect(saysFolderMade(text)).toBe(false);
  expect(saysFolderMade(withFolderMade(text))).toBe(true);
  expect(isManagedText("nfs-range", withFolderMade(text))).toBe(true);
});

describe("what others have set", () => {
  const file = (path: string, text: string) => ({ path, text });

  test("takes effect by name, the first folder's file of two with one name", () => {
    const files = [
      file("/etc/sysctl.d/50-b.conf", "x"),
      file("/etc/sysctl.d/10-a.conf", ""),
      file("/usr/lib/sysctl.d/50-b.conf", "y"),
      file("/usr/lib/sysctl.d/20-c.conf", ""),
    ];
    expect(inEffect(files).map(({ path }) => path)).toEqual([
      "/etc/sysctl.d/10-a.conf",
      "/usr/lib/sysctl.d/20-c.conf",
      "/etc/sysctl.d/50-b.conf",
    ]);
  });

  test("is read from sysctl.d in each way to write it", () => {
    const NAME = "net.ipv4.ip_local_reserved_ports";
    const read = (text: string): readonly string[] =>
      sysctlSettings([file("/f", text)], NAME).map(({ value }) => value);
    expect(read(`${NAME} = 1,2\n`)).toEqual(["1,2"]);
    expect(read("-net/ipv4/ip_local_reserved_ports=7-9")).toEqual(["7-9"]);
    expect(read(`${NAME}=1\n  ${NAME}  =  2  \n`)).toEqual(["2"]);
    expect(read(`# ${NAME} = 1\n; ${NAME} = 1\nnet.ipv4.ip_local_port_range = 1\n`)).toEqual([]);
  });

  test("is read from modprobe.d and from the kernel's command line", () => {
    const options = file(
      "/m",
      "options sunrpc tcp_slot_table_entries=128 min_resvport=700\noptions lockd min_resvport=1\n",
    );
    expect(moduleSettings([options], "sunrpc", "min_resvport")).toEqual([{ path: "/m", value: "700" }]);
    expect(moduleSettings([options], "sunrpc", "max_resvport")).toEqual([]);
    const line = file("/proc/cmdline", "quiet sunrpc.min_resvport=1 sunrpc.min_resvport=800\n");
    expect(commandLineSetting(line, "sunrpc.min_resvport")?.value).toBe("800");
    expect(commandLineSetting(line, "sunrpc.max_resvport")).toBeUndefined();
  });

  test("is read from nfsmount.conf with its section", () => {
    const text = `[ NFSMount_Global_Options ]\nResvport=True\n# Resvport=False\n[ Server "b" ]\n  resvport = False\nProto=tcp\n`;
    expect(resvportSettings([file("/n", text)])).toEqual([
      { path: "/n", value: "True", section: "nfsmount_global_options" },
      { path: "/n", value: "False", section: 'server "b"' },
    ]);
  });

  test.each([
    ["root=/dev/nfs nfsroot=192.0.2.1:/srv ro", true],
    ["root=nfs:192.0.2.1:/srv", true],
    ["netroot=nfs4", true],
    ["boot=nfs", true],
    ["root=192.0.2.1:/srv ip=dhcp", true],
    ["root=/dev/vda1 ro quiet", false],
    ["root=UUID=1-2 ro", false],
    ["root=LABEL=a:/b", false],
  ])("a kernel with %j mounts its root by NFS: %j", (line, expected) => {
    expect(rootIsNfs(line)).toBe(expected);
  });
});
