// A static program, of which nothing is known but its unit: whether that keeps it from every port is said before it is started, and then tried.
import { expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { withGuest } from "../systemd/fresh.ts";
import { status } from "./zoo-scene.ts";

const reason = noGuest() ?? skipReason({ program: "setcap", package: "libcap2-bin" });
const ONCE = "/usr/local/sbin/once";
const RUN = `ExecStart=${ONCE}`;
const NOBODY = "User=nobody";
const FREE = "CapabilityBoundingSet=~CAP_NET_BIND_SERVICE";
const ADDED: Readonly<Record<string, string>> = { late: "User=root", late2: "User=nobody" };

/** What is said of each, and whether it then takes a port. Where it is unknown and takes none, more would have to be known. */
const UNITS: Readonly<Record<string, readonly [text: string, said: string, takes: boolean]>> = {
  plain: [RUN, "unknown", true],
  user: [`${RUN}\n${NOBODY}`, `covered ${NOBODY}`, false],
  number: [`${RUN}\nUser=65534`, "covered User=65534", false],
  dynamic: [`${RUN}\nDynamicUser=yes`, "covered DynamicUser=yes", false],
  before: [`ExecStartPre=-${ONCE}\nExecStart=/bin/true\n${NOBODY}`, `covered ${NOBODY}`, false],
  late2: [RUN, `covered ${NOBODY}`, false],
  "many@": [`${RUN}\n${NOBODY}`, `covered ${NOBODY}`, false],
  // The thefts.
  late: [`${RUN}\n${NOBODY}`, "unknown", true],
  toor: [`${RUN}\nUser=toor`, "unknown", true],
  zero: [`${RUN}\nUser=0`, "unknown", true],
  madeup: [`${RUN}\nUser=toor\nDynamicUser=yes`, "unknown", true],
  "any@": [`${RUN}\nUser=%i`, "unknown", true],
  ambient: [`${RUN}\n${NOBODY}\nAmbientCapabilities=CAP_NET_BIND_SERVICE`, "unknown", true],
  plus: [`ExecStart=+${ONCE}\n${NOBODY}`, "unknown", true],
  quoted: [`ExecStart="\\x2b${ONCE}"\n${NOBODY}`, "unknown", true],
  bang: [`ExecStart=!${ONCE}\n${NOBODY}`, "unknown", true],
  second: [`ExecStart=/bin/true ; +${ONCE}\n${NOBODY}`, "unknown", true],
  startonly: [`ExecStartPre=${ONCE}\nExecStart=/bin/true\n${NOBODY}\nPermissionsStartOnly=yes`, "unknown", true],
  setuid: [`ExecStart=/usr/local/sbin/setuid-once\n${NOBODY}`, "unknown", true],
  capable: [`ExecStart=/usr/local/sbin/capable-once\n${NOBODY}`, "unknown", true],
  replaced: [`${RUN}\n${NOBODY}\nBindReadOnlyPaths=/usr/local/sbin/setuid-once:${ONCE}`, "unknown", true],
  sudo: [`ExecStart=/usr/local/sbin/sudo ${ONCE}\n${NOBODY}`, "unknown", true],
  // As little is known of these, which take none.
  stubborn: [`${RUN}\n${NOBODY}\nSecureBits=keep-caps`, "unknown", false],
  bangs: [`ExecStart=!!${ONCE}\n${NOBODY}`, "unknown", false],
  shell: [`ExecStart=/bin/sh -c 'exec ${ONCE}'\n${NOBODY}`, "unknown", false],
  // What its hint says.
  bound: [`${RUN}\n${FREE}`, "covered CapabilityBoundingSet=", false],
  boundlow: [
    `${RUN}\n${FREE.toLowerCase().replace("capabilityboundingset", "CapabilityBoundingSet")}`,
    "covered CapabilityBoundingSet=",
    false,
  ],
  boundall: [`ExecStart=/usr/local/sbin/setuid-once\nCapabilityBoundingSet=`, "covered CapabilityBoundingSet=", false],
  boundplus: [`ExecStart=+${ONCE}\n${FREE}`, "unknown", true],
  boundtoo: [`${RUN}\n${FREE}\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE`, "unknown", true],
  boundagain: [`${RUN}\n${FREE}\nCapabilityBoundingSet=~`, "unknown", true],
};
const NAMES = Object.keys(UNITS);
const started = (name: string): string => name.replace(/@$/, "@root");

async function said(guest: Guest): Promise<Readonly<Record<string, string>>> {
  const { allocators } = await status(guest);
  return Object.fromEntries(
    allocators.flatMap(({ kind, unit, verdict, reason: why }) => {
      const name = unit?.replace(/\.service$/, "") ?? "";
      if (kind !== "program" || !NAMES.includes(name)) return [];
      return [[name, verdict === "covered" ? `covered ${/\((.*)\)/.exec(why ?? "")?.[1]}` : verdict]];
    }),
  );
}

test.skipIf(reason !== undefined)(
  named("what a unit keeps from every port is said, and nothing more", reason),
  { timeout: 240_000 },
  async () => {
    const once = compileC(
      ["take-bindresvport", "once"].map((name) => `test/coverage/zoo-programs/${name}.c`),
      ["-static", "-s"],
    );
    const files = NAMES.map((name) => [
      `/etc/systemd/system/${name}.service`,
      `[Service]\nType=oneshot\nStandardOutput=append:/run/${name}.out\n${UNITS[name]?.[0]}\n`,
    ]);
    const added = Object.entries(ADDED).map(([name, text]) => [
      `/etc/systemd/system/${name}.service.d/90-local.conf`,
      `[Service]\n${text}\n`,
    ]);
    await withGuest(bootGuest({ files: Object.fromEntries([...files, ...added]) }), async (guest) => {
      await guest.output(
        `set -e; cd /usr/local/sbin; install -m755 "$1" once; install -m4755 "$1" setuid-once; install -m755 "$1" capable-once
setcap cap_net_bind_service+ep capable-once; install -m4755 /usr/bin/env sudo; echo toor:x:0:0::/:/bin/sh >>/etc/passwd`,
        { args: [once] },
      );
      const expected = Object.fromEntries(NAMES.map((name) => [name, UNITS[name]?.[1]]));
      expect(await said(guest)).toEqual(expected);

      // The same once systemd has loaded them, and is asked.
      await guest.output(
        `mkdir -p /etc/systemd/system/multi-user.target.d
printf '[Unit]\\nAfter=%s\\n' "$*" >/etc/systemd/system/multi-user.target.d/zoo.conf; systemctl daemon-reload`,
        { args: NAMES.filter((name) => !name.endsWith("@")).map((name) => `${name}.service`) },
      );
      const loaded = await guest.output("systemctl list-units --all --plain --no-legend 'bound*.service'");
      expect(loaded.trim().split("\n")).toHaveLength(NAMES.filter((name) => name.startsWith("bound")).length);
      expect(await said(guest)).toEqual(expected);

      const took = await guest.output(
        `while [ $# -gt 0 ]; do systemctl start "$1" || systemctl status --no-pager "$1"; echo "$1 $(cat "/run/$2.out")"; shift 2; done`,
        { args: NAMES.flatMap((name) => [started(name), name]) },
      );
      const takes = NAMES.map((name) => [started(name), UNITS[name]?.[2]]);
      const taken = took
        .trim()
        .split("\n")
        .map((line) => [line.split(" ")[0], / \d+$/.test(line)]);
      expect(taken).toEqual(takes);

      // Nobody has told systemd of a change: it starts what it knows.
      const now = await guest.output(
        "sed -i /Ambient/d /etc/systemd/system/ambient.service; systemctl start ambient; tail -n1 /run/ambient.out",
      );
      expect(now).toMatch(/^\d+$/m);
      expect((await said(guest)).ambient).toBe("unknown");
      await guest.output("systemctl daemon-reload");
      expect((await said(guest)).ambient).toBe(`covered ${NOBODY}`);

      // Who is asked for users first is not known.
      await guest.output("cp /etc/nsswitch.conf /root/; sed -i 's/^passwd:.*/passwd: sss files/' /etc/nsswitch.conf");
      expect(await said(guest)).toMatchObject({ user: "unknown", dynamic: "unknown", number: "covered User=65534" });
      await guest.output("cp /root/nsswitch.conf /etc/; echo 600 >/proc/sys/net/ipv4/ip_unprivileged_port_start");
      // The control: everybody may.
      const free = await said(guest);
      expect(Object.values(free).filter((verdict) => verdict !== "unknown")).toEqual([]);
      expect(await guest.output("systemctl start user; tail -n1 /run/user.out")).toMatch(/^\d+$/m);
    });
  },
);
