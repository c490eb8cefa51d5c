// Fifty managers at once: each completes, they never write at the same time, and no program notices.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { crowdOf, crowdProgram, interruptions } from "../support/fault/crowd.ts";
import { completed } from "../support/fault/judge.ts";
import { differences } from "../support/fault/listing.ts";
import { inScene, MANAGER, noScene } from "../support/fault/run-scene.ts";
import { UNTOUCHED } from "../support/fault/scene.ts";
import { withoutSanitizerNote } from "../support/sanitizer-note.ts";

const notHere = noScene();
const WAITS = "portreservectl: note: another portreservectl is running, waiting for it to finish";
const ENTRY = "/usr/$LIB/portreserve/libportreserve.so";
const COUNT = 50;

interface Play {
  /** What each process does. */
  readonly verbs: readonly string[];
  /** Variables for the injector of all. */
  readonly environment: readonly string[];
  /** What is run one after the other when all have ended: programs for sh. */
  readonly afterwards: readonly string[];
}

/**
 * The configuration changes all the time, so that each compile finds something to write, a little slower than it could.
 * `ends` is what `afterwards` makes of what the crowd left, `wanted` what it makes of the same configuration where nobody was.
 */
function play({ verbs, environment, afterwards }: Play) {
  const programs = {
    CONFIGURE: "mkdir -p /etc/portreserve; echo 631 >/etc/portreserve/cups; echo 873 >/etc/portreserve/changing",
    CROWD: `${crowdProgram({
      verbs,
      meanwhile: "echo $((700 + rounds % 200)) >/etc/portreserve/changing",
      environment: ["FAULT_LOG=/mnt/log", ...environment],
    })}echo 873 >/etc/portreserve/changing`,
    ...Object.fromEntries(afterwards.map((program, index) => [`AFTERWARDS_${index}`, program])),
  };
  const after = (start: string): readonly string[] =>
    afterwards.map(
      (_, index) => `save ${start}-${index} ${index === 0 ? start : `${start}-${index - 1}`} AFTERWARDS_${index}`,
    );
  const jobs = [
    `save configured ${UNTOUCHED} CONFIGURE`,
    "save crowd configured CROWD",
    ...after("crowd"),
    ...after("configured"),
  ];
  return inScene(programs, jobs, ({ run }) => ({
    configured: run("configured"),
    crowd: run("crowd"),
    result: crowdOf(run("crowd")),
    ends: afterwards.map((_, index) => run(`crowd-${index}`)),
    wanted: afterwards.map((_, index) => run(`configured-${index}`)),
  }));
}

type Played = Awaited<ReturnType<typeof play>>;

function expectOrder({ configured, crowd, result, ends, wanted }: Played): void {
  const said = new Set(result.ended.map(({ status, stderr }) => `${status} ${withoutSanitizerNote(stderr)}`));
  expect([...said].sort()).toEqual(["0 ", `0 ${WAITS}`]);
  expect(result.ended).toHaveLength(COUNT);
  expect(result.complaints).toEqual([]);
  expect(result.rounds).toBeGreaterThan(0);
  for (const { checks, complaints } of [crowd, ...ends, ...wanted]) {
    expect({ checks, complaints }).toEqual({ checks: configured.checks, complaints: configured.complaints });
  }
  expect(interruptions(crowd.calls)).toBe(0);
  expect(ends.flatMap((end, index) => completed(end, wanted[index]))).toEqual([]);
}

const COMPILES: Omit<Play, "environment"> = {
  verbs: Array.from({ length: COUNT }, () => "compile"),
  afterwards: [`${MANAGER} compile --json`],
};

describe.skipIf(notHere !== undefined)(named("fifty compiles at once", notHere), () => {
  test("all complete, one after the other, and programs run on", async () => {
    const played = await play({ ...COMPILES, environment: ["FAULT_DELAY=5"] });
    expectOrder(played);
    expect(played.result.lists).toEqual([]);
    const [end, wanted] = [played.ends, played.wanted].map(([run]) => JSON.parse(run?.stdout ?? ""));
    expect(end).toMatchObject({ outcome: "done", tcp: wanted.tcp, udp: wanted.udp });
    // The host's own blacklist may add some.
    expect(wanted.tcp).toEqual(expect.arrayContaining([631, 873]));
  }, 120_000);

  test("the control: without the lock they write at the same time", async () => {
    const { crowd } = await play({ ...COMPILES, environment: ["FAULT_DELAY=5", "FAULT_IGNORE_LOCKS=1"] });
    expect(interruptions(crowd.calls)).toBeGreaterThan(0);
  }, 120_000);
});

/** The same in every run: a generator of Park and Miller's, whose lower bits are good enough for this. */
function mixed(): readonly string[] {
  const verbs = ["install", "uninstall", "compile"];
  let state = 20260;
  return Array.from({ length: COUNT }, () => {
    state = (state * 48271) % 0x7fffffff;
    return verbs[state % verbs.length] ?? "";
  });
}

describe.skipIf(notHere !== undefined)(named("fifty installs, uninstalls and compiles at once", notHere), () => {
  test("all complete, one after the other, and programs run on, whichever list they find", async () => {
    const verbs = mixed();
    expect(new Set(verbs)).toEqual(new Set(["install", "uninstall", "compile"]));
    const played = await play({ verbs, environment: [], afterwards: [`${MANAGER} install`, `${MANAGER} uninstall`] });
    expectOrder(played);
    // It was seen to come, and what came was never anything else.
    expect(played.result.lists).toContain(ENTRY);
    expect([...new Set(played.result.lists)].filter((list) => list !== "")).toEqual([ENTRY]);
    const [, pristine] = played.ends;
    expect(
      differences(pristine?.listing ?? new Map(), played.configured.listing).filter(
        (name) => name !== "/run/portreserve.lock",
      ),
    ).toEqual([]);
    const { rounds, lists } = played.result;
    console.log(`${COUNT} at once: the watcher looked ${rounds} times and saw the list change ${lists.length} times`);
  }, 600_000);
});
