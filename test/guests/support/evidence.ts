// What scenarios have found, for the page of evidence: a row each, kept in a file until the run is over (evidence-reporter.ts).
import { appendFileSync } from "node:fs";
import type { Engine } from "../../support/guest/keeper.ts";
import { type Kept, ROWS } from "./evidence-reporter.ts";
import { rootOf, type Suite } from "./releases.ts";

/**
 * Keeps a row. To be called when all of the scenario has been asserted, as its last step: what did not hold is no evidence.
 * `control` is what happened where nothing kept it from happening, `result` what happened with portreserve; `tries` says
 * how often each was tried ("1 boot", 1000).
 */
export function note(
  scenario: string,
  suite: Suite,
  engine: Engine,
  control: string,
  result: string,
  tries: string | number = "once",
): void {
  keep({ row: [scenario, suite, engine, control, result, tries], over: { suite, root: rootOf(suite) } });
}

/** As `note`, for the fleet's scenarios: `hosts` says on what. */
export function noteFleet(scenario: string, hosts: string, control: string, result: string): void {
  keep({ row: [scenario, hosts, control, result] });
}

function keep(kept: Kept): void {
  const file = process.env[ROWS];
  // One write a row: two files of tests run at once.
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(kept)}\n`);
}
