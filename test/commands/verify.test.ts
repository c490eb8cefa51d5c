// verify on a host of its own: the proof holds with the shim in the list, and fails without it, by name.
import { describe, expect, test } from "vitest";
import { PROOF_RUNS } from "../../src/commands/verify/proof.ts";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";

interface Row {
  readonly abi: string;
  readonly symbol: string;
  readonly protocol: string;
  readonly family: string;
  readonly reservedHandedOut: readonly number[];
  readonly good: boolean;
}
/** What hands it out in every C library, whatever else this host has. */
const OF_LIBC = ["bindresvport tcp inet", "bindresvport udp inet", "rresvport tcp inet", "rresvport_af tcp inet"];
const notHere = await noHost();
const documentOf = (stdout: string) =>
  JSON.parse(stdout) as { how: { way: string; state: string; notes: string[] }; proof: Row[]; verdict: string };

describe.skipIf(notHere !== undefined)(named("verify", notHere), () => {
  test("fails without the list entry, is good with it, and says no to a table that is behind", async () => {
    const step = await onHost(`
step bare ctl verify --json
step compiled ctl compile
step without ctl verify --json
step install ctl install
step with ctl verify --json
step text ctl verify
step nobody nobody "$NODE" "$MANAGER" verify --json
step quick ctl verify --quick --json
sleep 100 & pid=$!
step pid ctl verify --pid $pid --json
LD_BIND_NOW=1 setpriv --reuid=65534 --regid=65534 --clear-groups sleep 100 & other=$!
for one in $pid $other; do until grep -qx sleep /proc/$one/comm; do :; done; done
step other ctl verify --pid $other --json
kill $pid $other
echo 700 >/etc/portreserve/new
step stale ctl verify --json
step nopid ctl verify --pid 4000000
step nounit ctl verify --unit nosuch
step both ctl verify --unit x --pid 1
step unprivileged nobody "$NODE" "$MANAGER" verify --pid 1
`);
    for (const name of ["bare", "without", "with", "nobody", "quick", "pid", "other", "stale"]) {
      expect([name, schemaFaults("verify", JSON.parse(step(name).stdout))]).toEqual([name, []]);
    }
    const without = documentOf(step("without").stdout);
    expect([step("without").status, without.how.state, without.verdict]).toEqual([1, "bad", "not covered"]);
    const stolen = without.proof
      .filter((row) => row.reservedHandedOut.includes(631))
      .map(({ abi, symbol, protocol, family }) => [abi, symbol, protocol, family].join(" "));
    const tried = new Set(without.proof.map(({ abi }) => abi));
    expect(tried.size).toBeGreaterThan(0);
    expect(stolen).toEqual(expect.arrayContaining([...tried].flatMap((abi) => OF_LIBC.map((how) => `${abi} ${how}`))));

    const covered = documentOf(step("with").stdout);
    expect([covered.how.way, covered.how.state]).toEqual(["preload list", "good"]);
    expect(covered.proof.length % PROOF_RUNS.length).toBe(0);
    expect(covered.proof.every(({ good }) => good)).toBe(true);
    expect(step("text").stdout).toMatch(
      /^the host: .*\n(.*\n)*proof: good, by the preload list, in a network namespace\n/,
    );
    const nobody = documentOf(step("nobody").stdout);
    expect([nobody.how.state, nobody.how.notes.length]).toEqual(["good", 1]);
    expect(documentOf(step("quick").stdout)).toMatchObject({ how: { state: "left out" }, proof: [] });
    for (const name of ["pid", "other"]) {
      expect([name, documentOf(step(name).stdout).how]).toMatchObject([
        name,
        { way: "environment in a namespace", state: "good" },
      ]);
    }
    const stale = documentOf(step("stale").stdout);
    expect([step("stale").status, stale.how.state]).toEqual([1, "bad"]);
    expect(new Set(stale.proof.flatMap((row) => row.reservedHandedOut))).toEqual(new Set([700]));
    expect(
      [step("nopid"), step("nounit"), step("both")].map(({ status, stderr }) => [status, stderr.split("\n")[0]]),
    ).toEqual([
      [2, "portreservectl: error: there is no process 4000000"],
      [2, "portreservectl: error: there is no service 'nosuch.service'"],
      [2, "portreservectl: error: --unit and --pid exclude each other"],
    ]);
    expect(step("unprivileged").status).toBe(4);
  });
});
