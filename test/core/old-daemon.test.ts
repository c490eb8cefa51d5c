// By what the portreserve daemon of old, and those who call it, are known: real texts, and what only looks like them.
import { describe, expect, test } from "vitest";
import { isOldProgram, releaseCall, startsOldDaemon, stoppedLink } from "../../src/core/old-daemon.ts";
import { oldDaemonHint } from "../../src/coverage/old-daemon-hint.ts";
import { facts, process, REFUSED } from "./coverage-facts.ts";

test.each([
  ["/sbin/portreserve", true],
  ["/usr/sbin/portreserve", true],
  ["/usr/sbin/portreserve (deleted)", true],
  ["/usr/sbin/portrelease", false],
  ["/usr/sbin/portreservectl", false],
  ["/usr/local/sbin/portreserve", false],
  ["/home/user/usr/sbin/portreserve", false],
])("the program '%s': %s", (path, is) => {
  expect(isOldProgram(path)).toBe(is);
});

/** As Fedora shipped it. */
const FEDORA = `[Unit]
Description=Port Reservation
[Service]
Type=forking
PIDFile=/var/run/portreserve.pid
ExecStart=/usr/sbin/portreserve
`;

test.each([
  ["Fedora's unit", FEDORA, true],
  ["one with a mark and an argument", "ExecStart=-/sbin/portreserve -d\n", true],
  ["ours", "ExecStart=/usr/bin/node /usr/lib/portreserve/dist/portreservectl.mjs compile --settle\n", false],
  ["one that is commented out", "#ExecStart=/usr/sbin/portreserve\n", false],
  ["one that waits for it", "ExecStartPre=/usr/sbin/portreserve\nExecStart=/usr/sbin/cupsd\n", false],
  ["a program with a longer name", "ExecStart=/usr/sbin/portreserve-ng\n", false],
])("a unit that starts it: %s, %s", (_, text, starts) => {
  expect(startsOldDaemon(text)).toBe(starts);
});

test.each([
  // README.Debian of the old package.
  ["a script of init", '[ -x "`which portrelease`" ] && portrelease $server\n', "optional"],
  ["a unit that goes on without it", "ExecStartPre=-/sbin/portrelease slapd\n", "optional"],
  ["a unit that does not", "[Service]\nExecStartPre=/sbin/portrelease slapd\n", "needed"],
  ["a unit by a shell", "ExecStartPre=/bin/sh -c 'portrelease cups; exit 0'\n", "optional"],
  ["the one of a user", "ExecStartPre=/usr/local/bin/portrelease cups\n", "optional"],
  ["a comment", "# portrelease cups\n; portrelease cups\n", undefined],
  ["another name", "ExecStartPre=/usr/sbin/portrelease-all\nexec myportrelease\n", undefined],
  ["nothing", "", undefined],
])("who calls portrelease: %s", (_, text, call) => {
  expect(releaseCall(text)).toBe(call);
});

test.each([
  ["S17portreserve", "K17portreserve"],
  ["S01portreserve", "K01portreserve"],
  ["K01portreserve", undefined],
  ["S01portreservectl", undefined],
])("the link '%s' of a runlevel becomes %s", (name, stopped) => {
  expect(stoppedLink(name)).toBe(stopped);
});

describe("status", () => {
  const daemon = process({ pid: 112, program: "/usr/sbin/portreserve" });
  const hints = (change: Parameters<typeof facts>[0]): readonly string[] =>
    oldDaemonHint(facts(change)).map(({ message, hint }) => `${message} → ${hint}`);

  test("says that it runs, and what to do about it", () => {
    expect(hints({ processes: [daemon] })).toEqual([
      "the old portreserve daemon runs (process 112), so that 'portreserve.service' cannot → portreservectl migrate",
    ]);
  });

  test("has our shim installed first where it is not", () => {
    const setup = { list: { namesShim: false, since: undefined } };
    expect(hints({ processes: [daemon], setup })[0]).toMatch(/ → portreservectl install && portreservectl migrate$/);
  });

  test.each([
    ["a container", { root: "other" }],
    ["another network", { network: "other" }],
    ["nobody knows what", { program: REFUSED }],
  ] as const)("says nothing of one that is in %s", (_, change) => {
    expect(hints({ processes: [{ ...daemon, ...change }] })).toEqual([]);
  });
});
