// A package that lacks a part, or has one that does not fit, says so in words that help, and changes nothing.
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { inRoot } from "../support/roots/enter.ts";
import { type Steps, stepsOf } from "../support/steps.ts";
import { NODES, packageMachine, RELEASES } from "./machines.ts";
import { ARCHS, notPrebuilt } from "./prebuilt.ts";
import { asking, packed, repacked } from "./tarball.ts";

const HOME = "/usr/local/lib/node_modules/portreserve";
const MACHINE = `prebuilds/linux-${process.arch}`;
const ADDON = `${MACHINE}/portreserve.node`;
const SHIM = `${MACHINE}/libportreserve.so`;
const AGAIN =
  "hint: install the package again; it runs where Node's own builds do, with glibc 2.28 or newer (getconf GNU_LIBC_VERSION)\n";

const change = (name: string, how: (bytes: Buffer) => Buffer) => (folder: string) => {
  const file = path.join(folder, name);
  writeFileSync(file, how(readFileSync(file)));
};

interface Damage {
  readonly name: string;
  readonly spoil: (folder: string) => void;
  readonly command: "compile" | "install";
  readonly status: number;
  readonly stderr: string;
}

const unloadable = (why: string): string =>
  `portreservectl: error: the native part '${HOME}/${ADDON}' does not load: ${why}\n${AGAIN}`;
const libc = (file: string): string =>
  `/lib/x86_64-linux-gnu/libc.so.6: version \`GLIBC_2.99' not found (required by ${file})`;

const damages: readonly Damage[] = [
  {
    name: "has no native parts",
    spoil: (folder) => rmSync(path.join(folder, MACHINE), { recursive: true }),
    command: "compile",
    status: 3,
    stderr:
      `portreservectl: error: no native parts for linux ${process.arch} in '${HOME}'\n` +
      "hint: install the package again; in a checkout, 'npm run build' makes them, and needs a C and C++ compiler, make and python3\n",
  },
  {
    name: "has an addon that was cut short",
    spoil: (folder) => truncateSync(path.join(folder, ADDON), 20_000),
    command: "compile",
    status: 3,
    stderr: unloadable("its end is missing"),
  },
  {
    name: "has an addon with other bytes at its beginning",
    spoil: change(ADDON, (bytes) => bytes.fill(0, 0, 64)),
    command: "compile",
    status: 3,
    stderr: unloadable(`${HOME}/${ADDON}: invalid ELF header`),
  },
  {
    name: "has the addon of another processor",
    spoil: (folder) =>
      copyFileSync(path.join(folder, "prebuilds/linux-arm64/portreserve.node"), path.join(folder, ADDON)),
    command: "compile",
    status: 3,
    stderr: unloadable(`${HOME}/${ADDON}: cannot open shared object file: No such file or directory`),
  },
  {
    name: "has an addon that asks for a newer glibc",
    spoil: change(ADDON, (bytes) => asking(bytes, "GLIBC_2.28", "GLIBC_2.99")),
    command: "compile",
    status: 3,
    stderr: unloadable(libc(`${HOME}/${ADDON}`)),
  },
  {
    name: "has a shim that was cut short",
    spoil: (folder) => truncateSync(path.join(folder, SHIM), 3000),
    command: "install",
    status: 5,
    stderr:
      "portreservectl: error: the shim for x86_64 is truncated: its segments end at byte 4096, and it has 3000; nothing was changed\n" +
      "hint: get another build of the package, and report this\n",
  },
  {
    name: "has a shim that asks for a newer glibc",
    spoil: change(SHIM, (bytes) => asking(bytes, "GLIBC_2.2.5", "GLIBC_2.9.9")),
    command: "install",
    status: 5,
    stderr:
      "portreservectl: error: the shim for x86_64 needs GLIBC_2.9.9, which this host's libc.so.6 does not define; nothing was changed\n" +
      "hint: get another build of the package, and report this\n",
  },
];

const script = `mkdir /etc/portreserve
echo 631 >/etc/portreserve/cups
: >/etc/services
rm -f /etc/bindresvport.blacklist
${damages
  .map(
    ({ command }, at) => `step npm-${at} npm install --global --offline --no-audit --no-fund --silent /${at}.tgz
find /etc /usr/lib -xdev | LC_ALL=C sort >/tmp/before
step run-${at} portreservectl ${command}
find /etc /usr/lib -xdev | LC_ALL=C sort >/tmp/after
step same-${at} cmp /tmp/before /tmp/after`,
  )
  .join("\n")}
step npm-good npm install --global --offline --no-audit --no-fund --silent /good.tgz
step run-good portreservectl install`;

const unbuilt = notPrebuilt(...ARCHS);
const oldest = unbuilt === undefined ? await packageMachine(RELEASES[0], NODES[0]) : undefined;
const reason =
  unbuilt ?? oldest?.reason ?? (process.arch === "x64" ? undefined : "the parts to damage are those of x64");
describe.skipIf(reason !== undefined)(named("a package on the oldest machine that", reason), () => {
  let ran: Steps;
  beforeAll(async () => {
    const good = packed();
    const bad = damages.map(({ spoil }, at) => [`/${at}.tgz`, repacked(good, spoil)]);
    const files = { "/good.tgz": good, ...Object.fromEntries(bad) };
    const { status, stdout, stderr } = await inRoot(script, { layers: oldest?.layers ?? [], files });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    ran = stepsOf(stdout);
  }, 200_000);

  test("is whole does its work (control)", () => {
    expect(ran("npm-good")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(ran("run-good")).toMatchObject({ status: 0, stderr: "" });
  });

  for (const [at, { name, status, stderr }] of damages.entries()) {
    test(`${name} says so and changes nothing`, () => {
      expect(ran(`npm-${at}`).status).toBe(0);
      expect(ran(`run-${at}`)).toEqual({ status, stdout: "", stderr });
      expect(ran(`same-${at}`)).toEqual({ status: 0, stdout: "", stderr: "" });
    });
  }
});
