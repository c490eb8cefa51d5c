// What a scenario found, for the page of evidence: kept with the test's result, and written by the reporter.
import type { TestContext } from "vitest";
import type { Machine } from "./machine.ts";

export interface Evidence {
  readonly machine: string;
  /** What happened where nothing kept it from happening. */
  readonly control: string;
  readonly result: string;
}

declare module "vitest" {
  interface TaskMeta {
    evidence?: Evidence;
  }
}

export async function record(
  { task }: TestContext,
  machine: Machine,
  found: { readonly control: string; readonly result: string },
): Promise<void> {
  const [kernel, release] = (await machine.output('uname -r; . /etc/os-release; echo "Debian $VERSION_ID"')).split(
    "\n",
  );
  const libc = machine.disk.version("libc6");
  task.meta.evidence = { machine: `${release}, Linux ${kernel}, libc6 ${libc}`, ...found };
}
