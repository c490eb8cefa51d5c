// The ways in which a proof for a scope may be made, the best first.
import { processStart } from "../../core/coverage/proof-process.ts";
import { ALSO_ASKED, DECIDING, transientSettings } from "../../core/coverage/unit-settings.ts";
import { effectiveUnit } from "../../core/systemd/effective-unit.ts";
import { type EnvironmentEntry, PRELOAD_VARIABLE } from "../../core/systemd/environment.ts";
import { parseEnvironmentFile } from "../../core/systemd/environment-file.ts";
import { unitFacts } from "../../core/systemd/show.ts";
import { shownName, unitName } from "../../core/systemd/unit-name.ts";
import { showProperties, systemdRuns } from "../../system/host/systemd.ts";
import { environmentFileTexts, unitTexts } from "../../system/host/unit-facts.ts";
import type { ProbeStart } from "../../system/proof/play-probe.ts";
import { asUser, byRoot, bySystemd, byUserNamespace, inRootOf, processTexts } from "../../system/proof/starts.ts";
import { findService, writtenService } from "../install/services.ts";
import type { Scope } from "./scope.ts";

export type How = "preload list" | "systemd-run" | "environment in a namespace";

/** One way, and what it leaves out, in whole sentences without a full stop. */
export interface Way {
  readonly how: How;
  readonly start: ProbeStart;
  readonly notes: readonly string[];
}

/** Why there is none. */
export interface NoWay {
  readonly reason: string;
}

const IN_USER_NAMESPACE =
  "made in a user namespace: it holds for ordinary programs, which read the same list and the same table";

export function waysFor(scope: Scope): readonly Way[] | NoWay {
  switch (scope.kind) {
    case "host":
      return inNamespaces("preload list", {}, []);
    case "unit":
      return unitWays(scope.unit);
    case "process":
      return processWays(scope);
    default:
      return scope satisfies never;
  }
}

function inNamespaces(
  how: How,
  environment: Readonly<Record<string, string>>,
  notes: readonly string[],
): readonly Way[] {
  const ordinary = { how, start: byUserNamespace(environment), notes: [...notes, IN_USER_NAMESPACE] };
  return process.geteuid?.() === 0 ? [{ how, start: byRoot(environment), notes }, ordinary] : [ordinary];
}

function unitWays(unit: string): readonly Way[] | NoWay {
  if (!systemdRuns("/") || process.geteuid?.() !== 0) return writtenWays(unit);
  // systemd-run needs the message bus, which small systems do without.
  const [best, second] = [systemdWay(unit), writtenWays(unit)];
  if ("reason" in best) return best;
  return "reason" in second ? best : [...best, ...second];
}

function writtenWays(unit: string): readonly Way[] | NoWay {
  const name = unitName(unit);
  if ("message" in name) return { reason: name.message };
  const found = systemdRuns("/") ? findService("/", unit) : writtenService("/", name);
  if ("message" in found) return { reason: found.message };
  const effective = effectiveUnit(unit, unitTexts("/", found.paths));
  if (effective.rootDirectory !== undefined || effective.rootImage !== undefined) {
    return { reason: `'${unit}' has a root of its own, which systemd alone can make, for root` };
  }
  const files = environmentFileTexts(
    "/",
    effective.environmentFiles.map(({ path }) => path),
  );
  const unread = files.find(({ text }) => text === undefined);
  if (unread !== undefined) return { reason: `the environment file '${unread.path}' cannot be read` };
  const entries = [...effective.environment, ...files.flatMap(({ text = "" }) => parseEnvironmentFile(text))];
  return inNamespaces("environment in a namespace", recordOf(entries, effective.unsetEnvironment), [
    `with the environment that the files of '${unit}' give it, and without its sandbox`,
  ]);
}

function recordOf(entries: readonly EnvironmentEntry[], unset: readonly string[]): Readonly<Record<string, string>> {
  const values = new Map(entries.map(({ name, value }) => [name, value]));
  for (const word of unset) {
    const equals = word.indexOf("=");
    if (equals < 0) values.delete(word);
    else if (values.get(word.slice(0, equals)) === word.slice(equals + 1)) values.delete(word.slice(0, equals));
  }
  return Object.fromEntries(values);
}

function systemdWay(unit: string): readonly Way[] | NoWay {
  const name = unitName(unit);
  if ("message" in name) return { reason: name.message };
  const shown = showProperties(shownName(name), ["Id", ...DECIDING, ...ALSO_ASKED]);
  if (shown.outcome !== "done") return { reason: `systemd cannot be asked: ${shown.reason}` };
  const { settings, without } = transientSettings(shown.output);
  const environment = unitFacts(shown.output)?.environment ?? [];
  const notes =
    without.length === 0 ? [] : [`without ${without.join(", ")} of '${unit}', which could not take a port with them`];
  return [{ how: "systemd-run", start: bySystemd(settings, recordOf(environment, [])), notes }];
}

function processWays({ process: { pid, root, mounts, secure } }: Scope & { kind: "process" }): readonly Way[] | NoWay {
  const place = { isHere: root === "same" && mounts === "same", heedsEnvironment: secure === false };
  const start = processStart(processTexts(pid), place);
  if (start.kind === "none") return { reason: start.reason };
  const how = "environment in a namespace";
  const environment = start.preload === undefined ? {} : { [PRELOAD_VARIABLE]: start.preload };
  if (start.kind === "user") {
    return [{ how, start: asUser(start.uid, start.gid, environment), notes: [IN_USER_NAMESPACE] }];
  }
  return [{ how, start: start.enter ? inRootOf(pid, environment) : byRoot(environment), notes: [] }];
}
