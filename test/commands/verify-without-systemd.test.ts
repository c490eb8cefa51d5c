// verify where no systemd runs, as in a container: whether the table is fresh now is the question, and nobody asks for a watcher.
import { expect, test } from "vitest";
import type { HostAnswer } from "../../src/coverage/coverage.ts";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";

const notHere = await noHost();
const NOTE = "not by itself: systemd does not run here; after each change, or by cron";

test.skipIf(notHere !== undefined)(named("asks for a fresh table where no systemd runs", notHere), async () => {
  const step = await onHost(`
step install ctl install
step covered ctl verify --quick
step document ctl verify --quick --json
step status ctl status
echo 700 >/etc/portreserve/new
step stale ctl verify --quick --json
step compile ctl compile
step again ctl verify --quick --json
rm /etc/systemd/system/portreserve*
step bare ctl verify --quick --json
`);
  const told = (name: string) => {
    const document = JSON.parse(step(name).stdout) as { verdict: string; answers: readonly HostAnswer[] };
    expect([name, schemaFaults("verify", document)]).toEqual([name, []]);
    const said = document.answers.filter(({ state, hint }) => state !== "good" || hint !== null);
    return [document.verdict, ...said.map(({ id, state, hint }) => `${id} ${state} → ${hint}`)];
  };
  const note = "watchers good → portreservectl compile";
  // The programs of this host that no preload reaches are another test's.
  const [verdict] = told("document");
  expect(told("document")).toEqual([verdict, note]);
  expect(told("stale")).toEqual(["not covered", "fresh bad → portreservectl compile", note]);
  expect(told("again")).toEqual([verdict, note]);
  expect(told("bare")).toEqual([verdict, note]);
  expect(step("covered").status).toBe({ covered: 0, "not covered": 1, unknown: 3 }[verdict as string]);
  expect(step("covered").stdout).toContain(
    `note: does the table follow the configuration? ${NOTE} → portreservectl compile\n`,
  );
  expect(step("status").stdout).toContain(`watchers  –                       ${NOTE} → portreservectl compile\n`);
});
