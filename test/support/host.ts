// The manager at work on a whole host: in a sandbox with a private /etc and /usr and nothing running, with each step's output.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { abisOf, highFile, shareFile, shimFile } from "../../src/system/host/abis.ts";
import { trialPrograms } from "../../src/system/host/trial.ts";
import { programsOfSandbox } from "../../src/system/sandbox/rehearsal.ts";
import { runInSandbox, type SandboxRequest } from "../../src/system/sandbox/sandbox.ts";
import { skipReason } from "./can.ts";
import { type Ran, SERVICES } from "./cli.ts";
import { lineDifferences } from "./guest/tree.ts";
import { NATIVE_PARTS } from "./native-parts.ts";
import { built, noSandbox, THIEF_PID } from "./sandbox.ts";
import { MAIN, NODE, staged, stagedNatives } from "./stage/stage.ts";
import { outline, STEP, type Steps, stepsOf, WAITING } from "./steps.ts";

export const LIST = "/etc/ld.so.preload";
export const ENTRY = "/usr/$LIB/portreserve/libportreserve.so";
export const TABLE = "/etc/portreserve.table";
export const HOME = "/usr/lib/portreserve";

/** What this host runs, as the manager finds it. */
export const abis = abisOf("/");
/** Where its loaders look for the shim, its twin and the share library, the 64-bit one's places first. */
export const libraries: readonly string[] = abis.flatMap(({ lib = "?" }) => [
  shimFile(lib),
  highFile(lib),
  shareFile(lib),
]);
/** The folders that they are in, each once. */
export const libraryFolders: readonly string[] = [...new Set(libraries.map((file) => path.dirname(file)))];
export const [library = "?"] = libraries;
export const abiNames = abis.map(({ name }) => name).join(" and ");
const own = trialPrograms(abis);
/** How many programs a trial plays; only root's has more than the host's own. */
export const trialCount = own.length + (process.getuid?.() === 0 ? (await programsOfSandbox(own)).length : 0);

const ADDON = path.join(stagedNatives(), "portreserve.node");
const TREE = staged(path.join(import.meta.dirname, "tree.mjs"));

/** Undefined where a whole host can be played, else why not. */
export async function noHost(): Promise<string | undefined> {
  return skipReason("root") ?? (await noSandbox());
}

export interface Host {
  /** Files of the private /etc, by path below it, beside services and an empty blacklist. */
  readonly etc?: Readonly<Record<string, string | Uint8Array>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeout?: number;
  /** The manager's main file; the checkout's by default. */
  readonly manager?: string;
  readonly overlays?: SandboxRequest["overlays"];
  /** The list names what is not there, and each of the script's own programs says so. */
  readonly noisy?: true;
}

/**
 * Runs a script on the host as root. In it `ctl` is the manager, `nobody COMMAND…` runs a command as another user, `thief
 * COMMAND…` with the process id that asks for 631 first, `tree` shows all that has changed in /usr and all that is in
 * /etc, and $PROBE, $PIDEXEC, $NODE and $SCRATCH are what they say. Throws when it did not end by itself, or failed outside of a step.
 */
export async function onHost(script: string, host: Host = {}): Promise<Steps> {
  const result = await runInSandbox("root", {
    script: `${PRELUDE}${script}\n`,
    etc: { "portreserve/cups": "631\n", services: SERVICES, "bindresvport.blacklist": "", ...host.etc },
    overlays: ["/usr", ...(host.overlays ?? [])],
    empty: ["/run"],
    timeout: host.timeout ?? 110_000,
    environment: {
      LC_ALL: "C.UTF-8",
      NODE: NODE,
      MANAGER: host.manager ?? MAIN,
      ADDON,
      TREE,
      PROBE: built.probe,
      PIDEXEC: built.pidexec,
      THIEF: String(THIEF_PID),
      ...host.environment,
    },
  });
  if (result.outcome === "impossible") throw new Error(`the sandbox could not be made: ${result.reason}`);
  if (result.outcome === "timeout")
    throw new Error(`the sandbox hung after these steps:\n${outline(result.stdout)}\n${result.stderr}`);
  const said = host.noisy ? result.stderr.replace(/^ERROR: ld\.so: [^\n]*\n/gm, "") : result.stderr;
  if (said !== "" || result.status !== 0)
    throw new Error(`the script failed after these steps:\n${outline(result.stdout)}\n${result.stderr}`);
  return stepsOf(result.stdout);
}

// What install says of AddressSanitizer is for sanitizer.test.ts. Where units run a node of root's, it must be there on every machine that these tests run on.
const PRELUDE = `set -u
cd /
${STEP}${WAITING}ctl() { "$NODE" "$MANAGER" "$@"; }
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
thief() { "$PIDEXEC" --pid "$THIEF" -- "$@"; }
tree() { "$NODE" "$TREE" "$ADDON" /etc "$SCRATCH/.layers/2/upper"; }
if [ "$NODE" != /usr/bin/node ]; then
  rm -f /usr/bin/node
  printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$NODE" >/usr/bin/node
  chmod 755 /usr/bin/node
fi
rm -f /usr/lib/*/libasan.so.[0-9]* /usr/lib32/libasan.so.[0-9]*
if [ ! -d /usr/lib/systemd/system ]; then mkdir -p /usr/lib/systemd/system; : >/usr/lib/systemd/system/some.service; fi
`;

/** All that is in a folder of the host's own, such as an image. */
export function treeOf(folder: string): string {
  const { stdout, stderr } = spawnSync(NODE, [TREE, ADDON, folder], { encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return stdout;
}

/** What is not the same in two trees; folders of /usr that a private layer merely had to copy are no difference. */
export function treeDifferences(before: Ran, after: Ran): readonly string[] {
  const lines = ({ stdout }: Ran): readonly string[] =>
    stdout
      .split("\n")
      .map((line) => line.replace(/^\S*\/upper/, "/usr"))
      .filter((line) => !(line.startsWith("/usr") && / folder /.test(line) && hostTree().has(line)));
  return lineDifferences(lines(before), lines(after));
}

/** The host's own folders, as `tree` shows them. */
function hostTree(): ReadonlySet<string> {
  hostFolders ??= new Set(
    spawnSync("find", ["/usr", "-maxdepth", "4", "-type", "d", "-printf", "%p folder %m %U:%G \\n"], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    }).stdout.split("\n"),
  );
  return hostFolders;
}
let hostFolders: ReadonlySet<string> | undefined;

/** A package as npm lays it out, with these native parts in the place of the real ones. Gives its main file. */
export function packageAt(folder: string, parts: Readonly<Record<string, string>> = {}): string {
  const natives = path.join(folder, "prebuilds", `linux-${process.arch}`);
  mkdirSync(natives, { recursive: true });
  mkdirSync(path.join(folder, "dist"));
  for (const name of ["package.json", "dist/portreservectl.mjs"]) {
    copyFileSync(path.join(packageRoot, name), path.join(folder, name));
  }
  for (const name of NATIVES) {
    const source = parts[name] ?? path.join(stagedNatives(), name);
    cpSync(source, path.join(natives, name), { force: true, errorOnExist: false });
  }
  return path.join(folder, "dist/portreservectl.mjs");
}

const NATIVES = [
  ...NATIVE_PARTS,
  ...(skipReason("i386") === undefined
    ? [
        "libportreserve-i386.so",
        "libportreserve-high-i386.so",
        "libportreserve-share-i386.so",
        "portreserve-probe-i386",
      ]
    : []),
];
