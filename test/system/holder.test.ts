// How a compile finds the running portreserve-hold and has it read the file again, on a whole host of the test's own.
import { copyFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipFor } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { HOLDER, hasHolder } from "../support/holder.ts";
import { noHost, onHost } from "../support/host.ts";

const noSandboxedHost = await noHost();
const noHolder = noSandboxedHost ?? skipFor(hasHolder ? undefined : "portreserve-hold was not built");

const HOLD = "/etc/portreserve.hold";
const STATE = "/run/portreserve/hold.json";
const NOT_RUNNING = "warning: portreserve-hold is not running, so nothing is held or blocked\n";

/** For sh(1): `state PID TICKS` says that this process holds nothing. */
const HELPERS = `
has() { grep -q "$1" ${STATE}; }
ticks() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
mkdir -p ${path.dirname(STATE)}
state() { printf '{"version":1,"pid":%s,"startTime":%s,"held":[]}' "$1" "$2" >${STATE}; }
`;

describe.skipIf(noHolder !== undefined)(named("the real portreserve-hold", noHolder), () => {
  test("reads what a compile writes, holds it, and lets it go when a later one says so", async () => {
    const steps = await onHost(
      `${HELPERS}
      echo '631 hold' >/etc/portreserve/cups; echo '623/udp block' >/etc/portreserve/bmc
      owner() { "$PROBE" --symbol bind --port "$1" --protocol "$2"; }
      step control owner 631 tcp
      "$HOLDER" 2>"$SCRATCH/said" & holder=$!
      until_works has held
      step first ctl compile
      until_works has 623
      step good "$HOLDER" --check
      step state cat ${STATE}
      step tcp owner 631 tcp
      step udp owner 623 udp
      step again ctl compile
      step check ctl check
      echo 631/tcp >/etc/portreserve/cups; : >/etc/portreserve/bmc
      step removed ctl compile
      until_works sh -c '! grep -q 623 ${STATE}'
      step free owner 631 tcp
      # Killed, it leaves its state.
      kill -9 $holder; wait $holder 2>/dev/null
      echo '631 hold' >/etc/portreserve/cups
      step dead ctl compile
      step shown ctl lookup 631/tcp`,
      { environment: { HOLDER } },
    );
    expect(steps("control").stdout).toContain("631");
    expect(steps("first")).toMatchObject({ status: 0, stderr: "" });
    expect(steps("first").stdout).toMatch(
      /written: '\/etc\/portreserve\.hold'.*\ntold: portreserve-hold, process \d+\n/,
    );
    expect(steps("good")).toMatchObject({ status: 0, stdout: `${HOLD}: 2 to hold, 1 to block\n` });
    const { held } = JSON.parse(steps("state").stdout) as { held: { port: number; protocol: string; kind: string }[] };
    expect(held.map(({ kind, protocol, port }) => `${kind} ${protocol} ${port}`)).toEqual([
      "hold tcp 631",
      "block udp 623",
      "hold udp 631",
    ]);
    for (const refused of ["tcp", "udp"]) expect(steps(refused).stdout).toContain("EADDRINUSE");
    expect(steps("again").stdout).not.toContain("told");
    expect(steps("check")).toMatchObject({ status: 0, stderr: "" });
    expect(steps("removed").stdout).toMatch(
      /removed: '\/etc\/portreserve\.hold'.*\ntold: portreserve-hold, process \d+\n/,
    );
    expect(steps("free").stdout).toBe(steps("control").stdout);
    expect(steps("dead")).toMatchObject({ status: 0, stderr: expect.stringContaining(NOT_RUNNING) });
    expect(steps("dead").stdout).not.toContain("told");
    expect(steps("shown").stderr).toContain(NOT_RUNNING);
  }, 120_000);

  test("is told by the next compile where one was killed before it could say so", async () => {
    const steps = await onHost(
      `${HELPERS}
      echo '631 hold' >/etc/portreserve/cups
      "$HOLDER" 2>"$SCRATCH/said" & holder=$!
      until_works has held
      # Without the state nobody is told, as where the compile ends right before.
      mv ${STATE} ${STATE}.away
      step untold ctl compile
      mv ${STATE}.away ${STATE}
      step next ctl compile
      until_works has 631
      step after ctl compile
      kill $holder; wait $holder`,
      { environment: { HOLDER } },
    );
    expect(steps("untold")).toMatchObject({ status: 0, stderr: expect.stringContaining(NOT_RUNNING) });
    expect(steps("next").stdout).toMatch(
      /unchanged: '\/etc\/portreserve\.hold'.*\ntold: portreserve-hold, process \d+\n/,
    );
    expect(steps("after").stdout).toMatch(/unchanged: '\/etc\/portreserve\.hold'[^\n]*\n(?!told)/);
  }, 120_000);
});

describe.skipIf(noSandboxedHost !== undefined)(named("a process in its place", noSandboxedHost), () => {
  /** A shell under the name of the holder: SIGHUP ends it. */
  function standIn(): string {
    const file = path.join(scratch(), "portreserve-hold");
    copyFileSync("/bin/sh", file);
    return file;
  }

  const SCRIPT = `${HELPERS}
    start() { "$@" -c 'while :; do sleep 0.1; done' & process=$!; until_works test -e /proc/$process; }
    # Whether the compile ended the process, and what it said.
    try() {
      rm -f ${HOLD}
      step "$1" ctl compile
      if [ "$(cat /proc/$process/comm 2>/dev/null)" ] && sleep 0.3 && kill -0 $process 2>/dev/null; then end=alive; else end=ended; fi
      step "$1-end" echo $end
      kill -9 $process 2>/dev/null; wait $process 2>/dev/null; :
    }
    echo '631 hold' >/etc/portreserve/cups
    start "$STANDIN"; state $process "$(ticks $process)"; try control
    start "$STANDIN"; state $process "$(($(ticks $process) + 1))"; try later
    start /bin/sh; state $process "$(ticks $process)"; try other
    start "$STANDIN"; state $process "$(ticks $process)"; chmod 666 ${STATE}; try writable
    start "$STANDIN"; state $process "$(ticks $process)"; chmod 644 ${STATE}; chown 65534 ${path.dirname(STATE)}; try folder
    chown 0 ${path.dirname(STATE)}
    start "$STANDIN"; state $process "$(ticks $process)"; sed -i 's/"version":1/"version":2/' ${STATE}; try version
    start "$STANDIN"; state $process "$(ticks $process)"; sed -i 's/}$//' ${STATE}; try damaged
    start "$STANDIN"; state $process "$(ticks $process)"; rm ${STATE}; try none
    start "$STANDIN"; state $process "$(ticks $process)"; rm -f ${STATE}; ln -s /dev/zero ${STATE}; try device`;

  test("gets no signal unless it is the holder by its start, its program and a file that only root can change", async () => {
    const steps = await onHost(SCRIPT, { environment: { STANDIN: standIn() } });
    const notTold = "warning: portreserve-hold was not told of the change: ";
    const seen = (name: string): unknown[] => [
      steps(name).status,
      steps(`${name}-end`).stdout.trim(),
      /^portreservectl: (.*)$/m.exec(steps(name).stderr)?.[1] ?? "",
    ];
    const notRunning = NOT_RUNNING.trim();
    expect(seen("control")).toEqual([0, "ended", ""]);
    expect(steps("control").stdout).toContain("told: portreserve-hold, process ");
    expect(seen("later")).toEqual([0, "alive", notRunning]);
    expect(seen("other")).toEqual([0, "alive", notRunning]);
    expect(seen("writable")).toEqual([0, "alive", `${notTold}others than root may change '${STATE}'`]);
    expect(seen("folder")).toEqual([0, "alive", `${notTold}others than root may change '${path.dirname(STATE)}'`]);
    expect(seen("version")).toEqual([0, "alive", `${notTold}'${STATE}' is of a later version than this program knows`]);
    expect(seen("damaged")).toEqual([0, "alive", `${notTold}'${STATE}' is damaged`]);
    expect(seen("none")).toEqual([0, "alive", notRunning]);
    expect(seen("device")).toEqual([0, "alive", `${notTold}'${STATE}' cannot be read: it is a device`]);
  }, 120_000);
});
