// What the kernel writes about processes, some of which choose their names to be mistaken for something else.
import { describe, expect, test } from "vitest";
import { secureOfAuxv } from "../../src/observe/processes/auxv.ts";
import { unitOfCgroup } from "../../src/observe/processes/cgroup.ts";
import { domainOf } from "../../src/observe/processes/domain.ts";
import { preloadNames } from "../../src/observe/processes/environ.ts";
import { hidingAt } from "../../src/observe/processes/mountinfo.ts";
import { bootTime, parseStat } from "../../src/observe/processes/stat.ts";
import { parseStatus } from "../../src/observe/processes/status.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

describe("the line of /proc/PID/stat", () => {
  const line = (name: string, flags = 4194560): Buffer =>
    bytes(`42 (${name}) S 1 42 42 0 -1 ${flags} 90 0 0 0 0 0 0 0 20 0 3 0 4711 2420736 90 18446744073709551615\n`);

  test.each(["sleep", "a) S 1 (b", "a\nb", ") Z 0 0 0 0 0 2097152", "", "\xff\x1b[31m", "((("])(
    "is read with the name %j",
    (name) => {
      const expected = {
        name: bytes(name),
        state: "S",
        isKernelThread: false,
        isEnding: false,
        threads: 3,
        startedAt: 4711,
      };
      expect(parseStat(line(name))).toEqual(expected);
    },
  );

  test("tells kernel threads by their flag, not by their name", () => {
    expect(parseStat(line("kthreadd", 0x00208040))?.isKernelThread).toBe(true);
    expect(parseStat(line("[kthreadd]", 0x00400040))?.isKernelThread).toBe(false);
  });

  test("tells those that are ending by their state, and by their flag before they are zombies", () => {
    expect(parseStat(bytes(line("sleep").toString("latin1").replace(" S ", " Z ")))?.isEnding).toBe(true);
    expect(parseStat(line("sleep", 0x0040010c))?.isEnding).toBe(true);
    expect(parseStat(line("sleep", 0x00400108))?.isEnding).toBe(false);
  });

  test.each(["", "42", "42 (sleep", "42 )sleep( S", "42 (sleep) S 1 2"])("is no such line: %j", (text) => {
    expect(parseStat(bytes(text))).toBeUndefined();
  });
});

describe("the time of the start of the machine", () => {
  const uptime = bytes("100.25 300.00\n");
  test.each([
    ["is exact by the clock of the machine", uptime, bytes("cpu 1\nbtime 1699999899\n"), 1_699_999_899_750],
    [
      "is that of the kernel where the clock is a container's",
      bytes("3.00 1.00\n"),
      bytes("btime 1699999899\n"),
      1_699_999_899_000,
    ],
    ["does without one of them", undefined, bytes("btime 1699999899\n"), 1_699_999_899_000],
    ["does without the other", uptime, undefined, 1_699_999_899_750],
    ["is not known without both", undefined, undefined, undefined],
  ])("%s", (_, clock, stat, expected) => {
    expect(bootTime(clock, stat, 1_700_000_000_000)).toBe(expected);
  });
});

describe("/proc/PID/status", () => {
  const status = (permitted: string, effective: string, name = "x"): Buffer =>
    bytes(
      `Name:\t${name}\nUid:\t0\t33\t0\t0\nCapPrm:\t${permitted}\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`,
    );
  const none = "0000000000000000";
  const bind = "0000000000000400";
  const allButBind = "fffffffffffffbff";

  test.each([
    ["has the right to bind", none, bind, true],
    ["could take it back", bind, none, true],
    ["does not have it", none, none, false],
    ["has every other right", allButBind, allButBind, false],
  ])("says whether a process %s", (_, permitted, effective, mayBind) => {
    expect(parseStatus(status(permitted, effective))).toEqual({ uid: 33, mayBind });
  });

  test.each([
    ["0", undefined],
    ["1", "strict"],
    ["2", "filter"],
  ])("says whether its system calls are judged: Seccomp %s", (mode, seccomp) => {
    const of = (text: string) => parseStatus(Buffer.concat([status(none, none), bytes(text)]));
    expect(of(`NoNewPrivs:\t1\nSeccomp:\t${mode}\nSeccomp_filters:\t${mode}\n`)?.seccomp).toBe(seccomp);
    expect(of("NoNewPrivs:\t1\n")?.seccomp).toBeUndefined();
  });

  test.each([
    ["the container's, which process 1 has too", "Seccomp_filters:\t1\n", 1, undefined],
    ["one more than that", "Seccomp_filters:\t2\n", 1, "filter"],
    ["those of a kernel that does not count them", "", 0, "filter"],
  ])("says of a filter whether it is its own: %s", (_, count, ofHost, seccomp) => {
    const text = bytes(`NoNewPrivs:\t1\nSeccomp:\t2\n${count}`);
    expect(parseStatus(Buffer.concat([status(none, none), text]), ofHost)?.seccomp).toBe(seccomp);
  });

  test("is not taken in by a name: the kernel escapes what is in it", () => {
    expect(parseStatus(status(none, none, "\\nUid:\t1\t1\\nCapEff:\tffffffffffffffff"))).toEqual({
      uid: 33,
      mayBind: false,
    });
  });

  test.each(["", "Name:\tx\n", "\nUid:\tx\nCapPrm:\t1\nCapEff:\t1\n"])("is no such file: %j", (text) => {
    expect(parseStatus(bytes(text))).toBeUndefined();
  });
});

test.each([
  ["0::/system.slice/ypbind.service\n", "ypbind.service"],
  ["0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"],
  ["0::/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service\n", "user@1000.service"],
  ["0::/system.slice/docker-0a.scope/system.slice/nginx.service\n", "docker-0a.scope"],
  ["0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"],
  ["0::/system.slice/cups.service/child\n", "cups.service"],
  ["0::/system.slice/cups.service (deleted)\n", "cups.service"],
  ["0::/init.scope\n", "init.scope"],
  ["0::/system.slice/_tasks.service\n", "tasks.service"],
  ["0::/\n", undefined],
  ["0::/docker/0a1b/fake.service\n", undefined],
  ["0::/../../other.service\n", undefined],
  ["12:pids:/a.service\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service"],
  ["12:pids:/a.service\n", undefined],
  ["0::/system.slice/b\xff.service\n", "b\xff.service"],
  ["", undefined],
])("finds in the cgroups %j the unit %j", (text, unit) => {
  expect(unitOfCgroup(bytes(text))).toBe(unit);
});

describe("the auxiliary vector", () => {
  const vector = (word: 4 | 8, entries: readonly (readonly [number, number])[]): Buffer => {
    const buffer = Buffer.alloc((entries.length + 1) * 2 * word);
    for (const [index, [tag, value]] of entries.entries()) {
      buffer.writeUIntLE(tag, index * 2 * word, 4);
      buffer.writeUIntLE(value, index * 2 * word + word, 4);
    }
    return buffer;
  };
  test.each([4, 8] as const)("of words of %i bytes says whether the program is privileged", (word) => {
    expect(
      secureOfAuxv(
        vector(word, [
          [33, 0x7fff0000],
          [6, 4096],
          [23, 1],
          [31, 99],
        ]),
      ),
    ).toBe(true);
    expect(
      secureOfAuxv(
        vector(word, [
          [33, 0x7fff0000],
          [6, 65536],
          [23, 0],
        ]),
      ),
    ).toBe(false);
  });
  test("says nothing where it is empty, cut or of another kind", () => {
    const texts = [
      Buffer.alloc(0),
      Buffer.alloc(7, 1),
      vector(8, [[23, 1]]),
      vector(8, [[6, 4096]]),
      bytes("x".repeat(99)),
    ];
    expect(texts.map(secureOfAuxv)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});

test.each([
  ["A=1\0LD_PRELOAD=/usr/$LIB/portreserve/libportreserve.so\0", true],
  ["LD_PRELOAD=libone.so:/opt/libportreserve.so", true],
  ["LD_PRELOAD=libone.so libportreserve.so\0B=2\0", true],
  ["LD_PRELOAD=/opt/libportreserve.so.old\0", false],
  ["LD_PRELOAD=/opt/libportreserve.so/x\0", false],
  ["LD_PRELOAD=\0LD_PRELOAD=/opt/libportreserve.so\0", false],
  ["A=LD_PRELOAD=/opt/libportreserve.so\0", false],
  ["A=\nLD_PRELOAD=/opt/libportreserve.so\0", false],
  ["", false],
])("the environment %j names the shim: %j", (environ, expected) => {
  expect(preloadNames(bytes(environ), "libportreserve.so")).toBe(expected);
});

test.each([
  ["/usr/sbin/cupsd (enforce)\n", "/usr/sbin/cupsd (enforce)"],
  ["/usr/sbin/cupsd (complain)\n", undefined],
  ["steam (unconfined)\n", undefined],
  ["unconfined\n", undefined],
  ["system_u:system_r:ypbind_t:s0\0", "system_u:system_r:ypbind_t:s0"],
  ["unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\0", undefined],
  ["system_u:system_r:unconfined_service_t:s0\0", undefined],
  ["", undefined],
])("the domain of %j is %j", (current, domain) => {
  expect(domainOf(bytes(current))).toBe(domain);
});

test.each([
  ["rw", { hides: false, group: 0 }],
  ["rw,hidepid=0", { hides: false, group: 0 }],
  ["rw,gid=27,hidepid=invisible", { hides: true, group: 27 }],
  ["rw,hidepid=2", { hides: true, group: 0 }],
])("/proc mounted with %j hides processes: %j", (options, expected) => {
  const line = (place: string, how: string): string => `22 28 0:21 / ${place} rw,nosuid shared:12 - proc proc ${how}\n`;
  expect(
    hidingAt(bytes(line("/proc", "rw,hidepid=1") + line("/proc", options) + line("/jail/proc", "hidepid=4")), "/proc"),
  ).toEqual(expected);
});
