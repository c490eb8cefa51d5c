// The ways in which a proof for a scope may be made, the best first; none in which root would run what somebody else chose.

import { isUnseen } from "../../core/seen.ts";
import { PRELOAD_VARIABLE } from "../../core/systemd/environment.ts";
import type { ProcessFacts } from "../../coverage/facts.ts";
import { systemdRuns } from "../../system/host/systemd.ts";
import { ownDescriptor } from "../../system/proc/process-files.ts";
import { changeableByVariables, changeableInRoot } from "./changeable.ts";
import { processStart } from "./proof-process.ts";
import type { Scope } from "./scope.ts";
import { asUser, byRoot, inRoot, type Variables } from "./starts.ts";
import { holdTarget, ownTexts } from "./target.ts";
import { systemdWay, writtenWays } from "./unit-ways.ts";
import { inNamespaces, type NoWay, type Way } from "./way.ts";

/** Finds the ways, and keeps what they need for as long as `use` takes. */
export async function withWays<T>(scope: Scope, use: (ways: readonly Way[] | NoWay) => Promise<T>): Promise<T> {
  switch (scope.kind) {
    case "host":
      return await use(inNamespaces("preload list", {}, []));
    case "unit":
      return await withUnitWays(scope.unit, use);
    case "process":
      return await withProcessWays(scope.process, use);
    default:
      return scope satisfies never;
  }
}

async function withUnitWays<T>(unit: string, use: (ways: readonly Way[] | NoWay) => Promise<T>): Promise<T> {
  if (!systemdRuns("/") || process.geteuid?.() !== 0) return await use(writtenWays(unit));
  const best = await systemdWay(unit);
  if ("reason" in best) return await use(best);
  try {
    // systemd-run needs the message bus, which small systems do without.
    const second = writtenWays(unit);
    return await use("reason" in second ? [best.way] : [best.way, ...second]);
  } finally {
    best.remove();
  }
}

async function withProcessWays<T>(
  { pid, root: place }: ProcessFacts,
  use: (ways: readonly Way[] | NoWay) => Promise<T>,
): Promise<T> {
  // Who looks at it again might wait for ever.
  if (isUnseen(place)) return await use({ reason: `its root cannot be seen: ${place.unseen}` });
  const target = holdTarget(pid);
  try {
    const { root, mounts, texts } = target;
    const entered = root === undefined || texts.isHere ? "/" : ownDescriptor(root);
    const start = processStart(
      texts,
      ownTexts(),
      (preload) =>
        (texts.isHere ? undefined : changeableInRoot(entered)) ??
        changeableByVariables({ [PRELOAD_VARIABLE]: preload }, entered),
    );
    if (start.kind === "none") return await use({ reason: start.reason });
    const how = "environment in a namespace";
    const variables: Variables = start.preload === undefined ? {} : { [PRELOAD_VARIABLE]: start.preload };
    if (start.kind === "user") {
      return await use([{ how, start: asUser(start.uid, start.gid, variables), notes: [] }]);
    }
    if (!start.enter) return await use([{ how, start: byRoot(variables), notes: [] }]);
    if (root === undefined || mounts === undefined) return await use({ reason: "its root cannot be opened" });
    return await use([{ how, start: inRoot(root, mounts, variables), notes: [] }]);
  } finally {
    target.release();
  }
}
