// portreserve-hold as a fact of the host: whether it runs, what it has, and what would start it.
import { existsSync } from "node:fs";
import type { HolderFacts } from "../../coverage/hold-facts.ts";
import { systemdRuns } from "../../system/host/systemd.ts";
import { HOLDER_FILE, HOLDER_UNIT, UNIT_FOLDERS } from "../../system/paths.ts";
import { readHolder } from "./read-holder.ts";
import { readKeptSockets } from "./read-kept.ts";

export function observeHolder(): HolderFacts {
  const found = readHolder();
  switch (found.kind) {
    case "running":
      return { kind: "running", pid: found.state.pid, held: found.state.held };
    case "none":
      return without(whatStarts());
    case "unknown":
      return { kind: "unknown", why: { unseen: found.reason, rootWould: false } };
    default:
      return found satisfies never;
  }
}

function without(start: ReturnType<typeof whatStarts>): HolderFacts {
  return start === "unit" ? { kind: "none", start, kept: readKeptSockets() } : { kind: "none", start };
}

function whatStarts(): (HolderFacts & { kind: "none" })["start"] {
  if (systemdRuns("/") && UNIT_FOLDERS.some((folder) => existsSync(`${folder}/${HOLDER_UNIT}`))) return "unit";
  return existsSync(HOLDER_FILE) ? "program" : undefined;
}
