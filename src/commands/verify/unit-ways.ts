// The ways in which a proof for a service may be made: by systemd in its sandbox, or with the environment its files give it.

import type { EnvironmentEntry } from "../../core/systemd/environment.ts";
import { parseEnvironmentFile } from "../../core/systemd/environment-file.ts";
import { fromFiles } from "../../core/systemd/from-files.ts";
import { fromShow } from "../../core/systemd/from-show.ts";
import type { Unit } from "../../core/systemd/unit.ts";
import { shownName, unitName } from "../../core/systemd/unit-name.ts";
import { environmentFileTexts, readUnitTexts } from "../../observe/units/read-unit-texts.ts";
import { othersMayWrite } from "../../system/files/others-may-write.ts";
import { showUnits, systemdRuns } from "../../system/host/systemd.ts";
import { PASSWD_FILE } from "../../system/paths.ts";
import { findService, writtenService } from "../install/services.ts";
import { changeableByVariables, changeableInRoot } from "./changeable.ts";
import { openNetwork } from "./network.ts";
import { asUser, bySystemd, type Variables } from "./starts.ts";
import { ALSO_ASKED, DECIDING, NOT_HANDED_ON, sandboxIn, transientSettings } from "./unit-settings.ts";
import { userIds } from "./users.ts";
import { inNamespaces, type NoWay, type Way } from "./way.ts";

/**
 * As its own user and with its own rights: in a network where every port may be bound without one. What decides which code
 * runs there must be root's own, whoever the user is: not every setting that confines a unit is handed on.
 */
export async function systemdWay(unit: string): Promise<{ readonly way: Way; readonly remove: () => void } | NoWay> {
  const name = unitName(unit);
  if ("message" in name) return { reason: name.message };
  const shown = showUnits([shownName(name)], ["Id", ...DECIDING, ...NOT_HANDED_ON, ...ALSO_ASKED]);
  if (shown.outcome !== "done") return { reason: `systemd cannot be asked: ${shown.reason}` };
  // One unit was asked for: a blank line is in a value, and ends nothing.
  const [asked] = fromShow(shown.output.replace(/\n+/g, "\n"));
  if (asked === undefined) return { reason: `systemd says nothing of '${unit}'` };
  const variables = recordOf(asked.environment, []);
  const what = changeableOf(asked, variables);
  if (what !== undefined) return { reason: notRoots(unit, what) };
  const images = asked.mounted.find(({ setting }) => NOT_HANDED_ON.some((name) => setting.startsWith(`${name}=`)));
  if (images !== undefined) return { reason: `'${unit}' has ${images.setting}, which no other service is given` };
  const network = await openNetwork();
  if ("reason" in network) return network;
  const start = bySystemd(transientSettings(shown.output), network.path, variables);
  return { way: { how: "systemd-run", start, notes: [] }, remove: network.remove };
}

/** The first file or folder, of those whose content its programs may run or obey, that somebody else may change. */
function changeableOf(
  { environmentFiles, rootDirectory, rootImage, bindSources }: Unit,
  variables: Variables,
): string | undefined {
  const root = rootDirectory ?? "/";
  const paths = environmentFiles.map(({ path }) => path);
  const files = [...(rootImage === undefined ? [] : [rootImage]), ...paths, ...bindSources];
  const ofFiles = environmentFileTexts("/", paths).map(({ text = "" }) => parseEnvironmentFile(text));
  return (
    // A source with a blank in it comes in parts.
    files.map((file) => (file.startsWith("/") ? othersMayWrite(file) : file)).find((one) => one !== undefined) ??
    (rootDirectory === undefined ? undefined : (othersMayWrite(rootDirectory) ?? changeableInRoot(rootDirectory))) ??
    [variables, ...ofFiles.map((entries) => recordOf(entries, []))]
      .map((one) => changeableByVariables(one, root))
      .find((one) => one !== undefined)
  );
}

function notRoots(unit: string, what: string): string {
  return `somebody else than root may change '${what}', which decides what '${unit}' runs: verify runs nothing of it`;
}

/** What the unit's files say, without its sandbox. */
export function writtenWays(unit: string): readonly Way[] | NoWay {
  const name = unitName(unit);
  if ("message" in name) return { reason: name.message };
  const found = systemdRuns("/") ? findService("/", unit) : writtenService("/", name);
  if ("message" in found) return { reason: found.message };
  const texts = readUnitTexts("/", found.paths);
  const effective = fromFiles(unit, texts);
  if (effective.rootDirectory !== undefined || effective.rootImage !== undefined) {
    return { reason: `'${unit}' has a root of its own, which systemd alone can make, for root` };
  }
  if (effective.dynamicUser) return { reason: `'${unit}' has a user that systemd alone can make` };
  const paths = effective.environmentFiles.map(({ path }) => path);
  const files = environmentFileTexts("/", paths);
  const unread = files.find(({ text }) => text === undefined);
  if (unread !== undefined) return { reason: `the environment file '${unread.path}' cannot be read` };
  const entries = [...effective.environment, ...files.flatMap(({ text = "" }) => parseEnvironmentFile(text))];
  const variables = forLoader(recordOf(entries, effective.unsetEnvironment));
  const how = "environment in a namespace";
  const notes = [`with the environment that the files of '${unit}' give it, and without its sandbox`];
  const leftOut = sandboxIn(texts);
  const what = paths.map((path) => othersMayWrite(path)).find((one) => one !== undefined);
  const changeable = what ?? changeableByVariables(variables);
  if (changeable !== undefined) return { reason: notRoots(unit, changeable) };
  const ids = userIds(effective.user ?? "root");
  if (ids === undefined)
    return { reason: `'${unit}' runs as '${effective.user}', whom '${PASSWD_FILE}' does not have` };
  if (ids.uid !== 0 && process.geteuid?.() === 0) {
    return [{ how, start: asUser(ids.uid, ids.gid, variables), notes, leftOut }];
  }
  return inNamespaces(how, variables, notes).map((way) => ({ ...way, leftOut }));
}

/** All else may be secret, and whatever a program is given as its arguments everybody can read. */
function forLoader(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => /^(LD_|GLIBC_TUNABLES$)/.test(name)));
}

function recordOf(entries: readonly EnvironmentEntry[], unset: readonly string[]): Variables {
  const values = new Map(entries.map(({ name, value }) => [name, value]));
  for (const word of unset) {
    const equals = word.indexOf("=");
    if (equals < 0) values.delete(word);
    else if (values.get(word.slice(0, equals)) === word.slice(equals + 1)) values.delete(word.slice(0, equals));
  }
  return Object.fromEntries(values);
}
