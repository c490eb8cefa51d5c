// What a newcomer meets on a release: the README's two commands, as root and as somebody else; and a broken checkout shows.
import { beforeAll, describe, expect, test } from "vitest";
import { named } from "../../support/can.ts";
import { FULL } from "../../support/full.ts";
import type { Steps } from "../../support/steps.ts";
import { faultsOf, testRunOf } from "../../support/test-run.ts";
import { type FreshMachine, freshMachine, inFreshMachine, kept, type Newcomer, type Release } from "./machine.ts";

/** A test that fails and one that is skipped for no reason; what else is there is not looked at. */
const PLANTED = "test/core/planted.test.ts";
const PLANT = `cat >${PLANTED} <<'END'
import { expect, test } from "vitest";
test("is planted, and fails", () => expect("the checkout").toBe("broken"));
test.skip("is planted, and skipped for no reason", () => {});
test("passes", () => {});
END
`;

/** Programs that the tests use where they are installed, but the README does not name. */
const MORE = "git strace musl-gcc clang cmake systemctl nft ip tc rpcbind rpc.statd ypserv inetd mmdebstrap faketime";

const LOOK = `. /etc/os-release; echo "$VERSION_CODENAME"
node --version
id -un
stat -c %a ~
for program in ${MORE}; do command -v $program; done
find / -xdev -name '*.node' -o -xdev -name 'libportreserve*' 2>/dev/null
tail -n +3 /proc/net/dev | tr -d ' ' | cut -d: -f1
unshare --user --map-root-user echo 'user namespaces'
`;

/** The last lines of what a command has written. */
const tail = (text: string): string => text.trimEnd().split("\n").slice(-60).join("\n");

const NEWCOMERS = ["root", "newcomer"] as const;

/** The tests of newcomers on one release: of both, or in a run that has less time of one. */
export async function describeRelease(release: Release, share: Newcomer): Promise<void> {
  const machine = await freshMachine(release);
  describe.each(FULL ? NEWCOMERS : [share])(`on ${release.suite} as %s`, (who) => {
    describe.skipIf(machine.reason !== undefined)(named("an untouched machine", machine.reason), () => {
      scenario(release, machine, who);
    });
  });
}

function scenario({ suite, node }: Release, machine: FreshMachine, who: Newcomer): void {
  const { promised } = machine;
  let ran: Steps;
  beforeAll(async () => {
    ran = await inFreshMachine(machine, who, [
      { name: "look", command: LOOK, minutes: 1 },
      { name: "demo", command: promised.demo, minutes: 10 },
      { name: "test", command: promised.test, minutes: 40 },
      { name: "planted", command: `${PLANT}${promised.test} --ignore-scripts -- ${PLANTED}`, minutes: 5 },
    ]);
  });

  test("has what the README names, and nothing of this machine or the project (control)", () => {
    const [codename, version, ...rest] = ran("look").stdout.trimEnd().split("\n");
    expect({ codename, rest }).toEqual({ codename: suite, rest: [who, "700", "lo", "user namespaces"] });
    expect(version).toMatch(node === "debian" ? /^v\d+\./ : new RegExp(`^v${node.node}\\.`));
  });

  test(`shows the theft and its prevention: ${promised.demo}`, () => {
    const file = kept(`${suite}-${who}-demo`, ran("demo"));
    const { status, stdout } = ran("demo");
    expect(status, `'${promised.demo}' failed; all of it is in '${file}', and this is the end:\n${tail(stdout)}`).toBe(
      0,
    );
    expect(stdout).toMatch(
      /it got +\S+:631\/udp, reserved: stolen\n +the owner +.* is refused 631\/udp \(EADDRINUSE\)/,
    );
    expect(stdout).toMatch(/it got +\S+:632\/udp\n +the owner +gets 631\/tcp, gets 631\/udp\n\nProven: /);
  });

  test(`passes every test, or says why not: ${promised.test}`, () => {
    const file = kept(`${suite}-${who}-test`, ran("test"));
    const { status, stdout } = ran("test");
    const faults = faultsOf(stdout);
    const heard = `'${promised.test}' ended with ${status}; all of it is in '${file}', and this is the end:\n${tail(stdout)}`;
    expect(faults, `${faults.join("\n")}\n${heard}`).toEqual([]);
    expect(status, heard).toBe(0);
  });

  test("does not pass with a test that fails, and one that is skipped for no reason (control)", () => {
    const { status, stdout } = ran("planted");
    expect({ status, faults: faultsOf(stdout), passed: testRunOf(stdout)?.counts.passed }, tail(stdout)).toEqual({
      status: 1,
      faults: [
        `failed: ${PLANTED} > is planted, and fails`,
        "skipped: no reason given: is planted, and skipped for no reason",
      ],
      passed: 1,
    });
  });
}
