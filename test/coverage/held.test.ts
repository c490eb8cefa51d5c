// Held ports as status and its like see them, with the real holder in a private network: who was not covered is, and gets
// nothing; a theft from before stays one; and a holder that does not run holds nothing.
import { describe, expect, test } from "vitest";
import type { Allocator, PortState } from "../../src/coverage/coverage.ts";
import { named, skipFor } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { HOLDER, hasHolder } from "../support/holder.ts";
import { noHost, onHost } from "../support/host.ts";
import { metricFaults } from "../support/metrics-lint.ts";
import { schemaFaults } from "../support/schema.ts";
import type { Steps } from "../support/steps.ts";

const notHere = (await noHost()) ?? skipFor(hasHolder ? undefined : "portreserve-hold was not built");

/** For sh(1). `allocate` starts the static program, which takes a port of UDP; `ask NAME` has it say which others it can get. */
const HELPERS = `
allocate() { background "$SCRATCH/took" thief "$STATIC"; allocator=$!; until_works grep -q holds "$SCRATCH/took"; }
ask() {
  : >"$SCRATCH/can"; kill -USR1 "$(pidof -s "$(basename "$STATIC")")"
  until_works grep -q 'can get' "$SCRATCH/took"
  step "$1" cat "$SCRATCH/took"
}
quietly() { "$@" >/dev/null 2>&1; }
end() { kill -9 "$(pidof -s "$(basename "$STATIC")")"; wait $allocator 2>/dev/null || :; }
holder() { "$HOLDER" 2>"$SCRATCH/said" & holding=$!; until_works grep -q '"port"' /run/portreserve/hold.json; }
mkfifo "$SCRATCH/in" "$SCRATCH/out"
cp "$SOCKETS" "$SCRATCH/cupsd"
"$SCRATCH/cupsd" <"$SCRATCH/in" >"$SCRATCH/out" &
exec 3>"$SCRATCH/in" 4<"$SCRATCH/out"
s() { echo "$*" >&3; read -r answer <&4; [ "$answer" = ok ] || echo "$*: $answer" >&2; }
`;

const STATIC = (): string =>
  compileC(["test/coverage/zoo-programs/holder.c", "test/coverage/zoo-programs/take-bindresvport.c"], ["-static"]);

function host(script: string): Promise<Steps> {
  return onHost(`${HELPERS}${script}\nexec 3>&- 4<&-`, {
    etc: { "portreserve/cups": "631 hold\n", "portreserve/other": "700/udp block\n" },
    environment: { HOLDER, STATIC: STATIC(), SOCKETS: compileC("test/hold/sockets.c") },
  });
}

interface Status {
  readonly allocators: readonly Allocator[];
  readonly ports: readonly PortState[];
  readonly answers: readonly { readonly id: string; readonly state: string; readonly answer: string }[];
  readonly hints: readonly { readonly id: string; readonly hint: string }[];
}

function statusOf(steps: Steps, name: string): Status {
  const document = JSON.parse(steps(name).stdout) as Status;
  expect(schemaFaults("status", document)).toEqual([]);
  return document;
}

const portsOf = ({ ports }: Status): string[] =>
  ports
    .filter(({ reserved }) => reserved)
    .map(({ port, protocol, state, hold, holders }) => {
      const others = holders.map(({ verdict, name }) => ` ${verdict} ${name.replace(/-[0-9a-f]+$/, "")}`);
      return `${port}/${protocol} ${hold?.kind} ${hold?.state}, ${state}:${others.join()}`;
    });
const staticOf = ({ allocators }: Status): string[] =>
  allocators
    .filter(({ kind, program }) => kind === "process" && program === STATIC())
    .map(({ verdict, check }) => `${verdict} (${check})`);
const isGiven = (steps: Steps, name: string): boolean[] =>
  [631, 700].map((port) => new RegExp(`(holds|can get|[0-9]) ${port}\\b`).test(steps(name).stdout));

describe.skipIf(notHere !== undefined)(named("held ports", notHere), () => {
  test("a static program is not covered and steals; with each reserved port held it is covered, and gets none", async () => {
    const steps = await host(`
      quietly ctl compile
      allocate; ask control-gets; step control ctl status --json; end
      holder
      allocate; ask gets; step held ctl status --json
      s bind a tcp 0.0.0.0 631 reuse; s listen a
      step beside ctl status --json
      step text ctl status
      step map ctl map --json
      step tcp ctl lookup 631/tcp; step udp ctl lookup --json 631/udp
      step metrics ctl status --prometheus
      step verify ctl verify --json
      step nobody nobody "$NODE" "$MANAGER" status --json
      # A port that is not held any more leaves nobody covered.
      echo 631 >/etc/portreserve/cups; echo '700/udp hold' >/etc/portreserve/other
      quietly ctl compile; until_works sh -c '! grep -q 631 /run/portreserve/hold.json'
      step let-go ctl status --json
      kill -9 $holding; wait $holding 2>/dev/null || :
      step killed ctl status --json
      end`);
    expect([isGiven(steps, "control-gets"), isGiven(steps, "gets")]).toEqual([
      [true, true],
      [false, false],
    ]);
    const control = statusOf(steps, "control");
    expect(staticOf(control)).toEqual(["not covered (dynamic)"]);
    expect(portsOf(control)).toEqual([
      "631/tcp hold not held, free:",
      "631/udp hold not held, stolen: stolen holder",
      "700/udp block not held, free:",
    ]);
    const held = statusOf(steps, "held");
    expect(staticOf(held)).toEqual(["covered (held)"]);
    expect(portsOf(held)).toEqual([
      "631/tcp hold held, free:",
      "631/udp hold held, free:",
      "700/udp block held, free:",
    ]);
    expect(held.answers.find(({ id }) => id === "hold")).toMatchObject({ state: "good" });
    expect(held.allocators.filter(({ verdict }) => verdict !== "covered")).toEqual([]);
    expect(portsOf(statusOf(steps, "beside"))[0]).toBe("631/tcp hold held, held: owner cupsd");
    expect(steps("text").stdout).toMatch(/\n631\/tcp +cups +portreserve-hold, owner cupsd \d+\n/);
    expect(steps("text").stdout).toMatch(/\n631\/udp +cups +portreserve-hold, owner down\n/);
    expect(steps("text").stdout).toMatch(/\n700\/udp +other +portreserve-hold, for nobody\n/);
    expect(steps("text").stdout).toMatch(
      /\n {2}hold +\/etc\/portreserve\.hold +2 ports held and 1 blocked, by process \d+\n/,
    );
    const map = JSON.parse(steps("map").stdout) as { tcp: string; udp: string };
    expect([map.tcp[631 - 512], map.udp[631 - 512], map.udp[700 - 512]].join("")).toBe("Kkb");
    expect(schemaFaults("map", map)).toEqual([]);
    expect(steps("tcp").stdout).toMatch(
      /\n631\/tcp {2}held by portreserve-hold for cups; everybody without SO_REUSEADDR is refused *\n631\/tcp {2}held by cupsd \d+ +rightly\n631\/tcp is held: no allocator can take it\n$/,
    );
    const udp = JSON.parse(steps("udp").stdout);
    expect([schemaFaults("lookup", udp), udp.ports[0].hold.state, udp.threats]).toEqual([[], "held", []]);
    const metrics = steps("metrics").stdout;
    expect(metricFaults(metrics)).toEqual([]);
    for (const line of ['held_ports{kind="block"} 1', 'held_ports{kind="hold"} 2', "holder_running 1"]) {
      expect(metrics).toContain(`\nportreserve_${line}\n`);
    }
    const verify = JSON.parse(steps("verify").stdout);
    expect(schemaFaults("verify", verify)).toEqual([]);
    expect(verify.holds).toMatchObject({ state: "good", reason: null });
    expect(verify.holds.proof.map(({ error }: { error: string }) => error)).toEqual(
      verify.holds.proof.map(() => "EADDRINUSE"),
    );
    expect(verify.holds.proof.length).toBeGreaterThanOrEqual(3);
    // Who cannot see whose the sockets are is told of nothing as covered by them.
    expect(portsOf(statusOf(steps, "nobody")).filter((line) => line.includes(" held,"))).toEqual([]);
    for (const name of ["let-go", "killed"]) expect(staticOf(statusOf(steps, name))).toEqual(["not covered (dynamic)"]);
    expect(portsOf(statusOf(steps, "let-go"))[2]).toBe("700/udp hold held, free:");
    expect(portsOf(statusOf(steps, "killed"))[2]).toBe("700/udp hold not held, free:");
  }, 120_000);

  test("who had the port before the hold is a thief beside it, and named as what refuses it", async () => {
    const steps = await host(`
      quietly ctl compile
      allocate; step took cat "$SCRATCH/took"
      holder
      step status ctl status --json; step text ctl status; step list ctl list
      end
      until_works sh -c '! grep -q refused /run/portreserve/hold.json'
      step cured ctl status --json`);
    expect(steps("took").stdout).toBe("holds 631\n");
    expect(steps("list").stderr).toContain(
      "warning: portreserve-hold is refused 631/udp (EADDRINUSE), so nothing holds it\nhint: 'portreservectl status' tells by whom, and what helps\n",
    );
    const status = statusOf(steps, "status");
    expect(portsOf(status)[1]).toBe("631/udp hold refused, stolen: stolen holder");
    expect(staticOf(status)).toEqual(["not covered (dynamic)"]);
    expect(steps("text").stdout).toMatch(
      /\n631\/udp +cups +holder-\S+ \d+ +STOLEN, hold refused: 'holder-\S+' has the port who does not set SO_REUSEADDR \(EADDRINUSE\) → portreservectl reclaim 631\/udp\n/,
    );
    expect(status.answers.find(({ id }) => id === "hold")).toMatchObject({ state: "bad" });
    expect(portsOf(statusOf(steps, "cured"))[1]).toBe("631/udp hold held, free:");
  }, 120_000);
});
