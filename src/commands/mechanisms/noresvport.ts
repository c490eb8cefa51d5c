// noresvport: NFS mounts take no privileged port at all, unless their options ask for one.
import { inPlace } from "../../core/install/artefacts.ts";
import { DEFAULT_CLIENT_RANGE } from "../../core/mechanisms/nfs-range.ts";
import { resvportSettings } from "../../core/mechanisms/settings.ts";
import { NORESVPORT_TEXT } from "../../core/mechanisms/texts.ts";
import { counted, enumerate, unique } from "../../core/text.ts";
import { mountsOf, nfsMounts } from "../../observe/kernel/kernel-texts.ts";
import { kernelTexts } from "../../observe/kernel/read-kernel-texts.ts";
import { nfsmountFiles } from "../../observe/mechanisms/read-settings.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { NORESVPORT_FILE } from "../../system/paths.ts";
import { runProgram } from "../../system/start-program.ts";
import { isApplied, type LookInput, type ManagedMechanism, managedFile, type Standing } from "./mechanism.ts";

const NAME = "noresvport";
const GLOBAL = "nfsmount_global_options";

export const noresvport: ManagedMechanism = {
  name: NAME,
  guards: "the kernel's NFS client: what is mounted from then on takes a port above 1023, where its server allows that",
  places: [NORESVPORT_FILE],
  look,
  ask,
};

function look({ root }: LookInput): Standing {
  const files = [managedFile(root, NAME, NORESVPORT_FILE, NORESVPORT_TEXT)];
  const mounts = root === "/" ? mountsNow() : [];
  const without = mounts.filter((mount) => mount.noresvport);
  const others = resvportSettings(nfsmountFiles(root)).filter(
    ({ path, value }) => path !== NORESVPORT_FILE && !isFalse(value),
  );
  const forAll = others.find(({ section }) => section === GLOBAL);
  const some = others.filter(({ section }) => section !== GLOBAL);
  return {
    ...stateOf(),
    does: [
      "mounts by NFS get the option noresvport, unless they have resvport",
      ...(mounts.length === 0 ? [] : [`now ${without.length} of ${counted(mounts.length, "NFS mount")} have it`]),
      ...some.map(({ path, section }) => `'${path}' says otherwise for [ ${section} ], and that stays`),
    ],
    keepsFrom: (port) =>
      port >= DEFAULT_CLIENT_RANGE.min && port <= DEFAULT_CLIENT_RANGE.max
        ? "NFS mounts, unless their options have resvport"
        : undefined,
    numbers: { mounts: mounts.length, without: without.length },
    files,
    first: [],
    put: [],
    takeAway: [],
    costs: forAll === undefined ? [] : [overruled(forAll.path, forAll.value)],
    refusals: [],
    warnings: [warning(unique(mounts.filter((mount) => !mount.noresvport).map(({ server }) => server)))],
    notes: mounts.length > without.length ? [remount(mounts.length - without.length)] : [],
  };

  function stateOf(): Pick<Standing, "state" | "reason"> {
    if (forAll !== undefined)
      return { state: "foreign settings", reason: `'${forAll.path}' sets Resvport=${forAll.value}` };
    if (!isApplied({ files })) return { state: "not applied" };
    return files.every(inPlace)
      ? { state: "in force" }
      : { state: "out of date", reason: "its file says something else" };
  }
}

function mountsNow(): readonly { readonly server: string; readonly noresvport: boolean }[] {
  const { mounts } = kernelTexts();
  return nfsMounts(mountsOf(typeof mounts === "string" ? mounts : "")).map(({ source, noresvport: has }) => ({
    server: source.replace(/:\/.*$/s, ""),
    noresvport: has,
  }));
}

/** Anything but 'true' and 'false' is passed on as a value, which the kernel refuses. */
function isFalse(value: string): boolean {
  return value.toLowerCase() === "false";
}

function overruled(path: string, value: string): Message {
  return {
    severity: "error",
    message: `'${path}' sets Resvport=${value} for every mount, and portreservectl did not write it`,
    hint: "take the line out there, or use --force to write our file beside it",
  };
}

function warning(servers: readonly string[]): Message {
  const now =
    servers.length === 0
      ? ""
      : `; mounted now with such a port: ${enumerate(servers.slice(0, MOST_SHOWN).map((it) => `'${it}'`))}`;
  return {
    severity: "warning",
    message: `a server that exports with 'secure', the default on Linux, refuses mounts from ports above 1023: 'Operation not permitted' by version 4, 'access denied' by version 3${now}`,
    hint: "look with 'exportfs -v' on each server: it needs 'insecure'; 'sudo portreservectl mechanisms apply nfs-range' needs nothing of them",
  };
}

const MOST_SHOWN = 5;

function remount(count: number): Message {
  return {
    severity: "note",
    message: `${counted(count, "mount keeps", "mounts keep")} a privileged port until ${count === 1 ? "it is" : "they are"} unmounted and mounted again`,
  };
}

/** It only says what it would ask the kernel for: it mounts nothing, and notes nothing. */
const TRIAL = ["mount.nfs", "-f", "-n", "-v", "127.0.0.1:/", "/", "-o", "vers=4.2"] as const;

function ask(): void {
  const said = runProgram(TRIAL, { timeout: 10_000 });
  // Without it nothing mounts NFS, and what it does not say it may still do.
  if (said.outcome !== "ended") return;
  const options = /text-based options '([^']*)'/.exec(said.stdout + said.stderr)?.[1]?.split(",");
  if (options === undefined || options.includes("noresvport")) return;
  throw new AppError(
    "unsafe",
    `mount.nfs does not take '${NORESVPORT_FILE}' for what it is: it would mount with '${options.join(",")}'`,
    "see 'mount.nfs -V': folders of such files came with nfs-utils 2.5; write the lines into /etc/nfsmount.conf instead",
  );
}
