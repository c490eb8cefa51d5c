// Why a drop-in with LD_PRELOAD would not reach a service's programs, or might not.

import { fileName, quote } from "../text.ts";
import { DROP_IN_NAME, preloads } from "./drop-in.ts";
import { findEntry, PRELOAD_VARIABLE } from "./environment.ts";
import { parseEnvironmentFile } from "./environment-file.ts";
import { assignments, fromFiles, serviceSettings } from "./from-files.ts";
import type { Unit } from "./unit.ts";
import type { UnitFile } from "./unit-file.ts";

/** A program that the service runs. */
export interface StartedProgram {
  readonly path: string;
  /** Setuid or setgid to somebody else than who runs it. */
  readonly setuid: boolean;
  /** It has file capabilities. */
  readonly capabilities: boolean;
  readonly static: boolean;
  /** By Go's linker: whatever it is linked with, it makes its system calls itself. */
  readonly go?: boolean;
}

export interface EffectFacts {
  readonly unit: string;
  /** What the drop-in is to have loaded. */
  readonly library: string;
  readonly kind: "shim" | "high" | "share";
  /** The unit's own file and its drop-ins, in the order in which systemd reads them; ours may be among them. */
  readonly files: readonly UnitFile[];
  /** Those of the unit that exist, in its order; `text` is undefined where a file cannot be read. */
  readonly environmentFiles: readonly { readonly path: string; readonly text: string | undefined }[];
  readonly programs: readonly StartedProgram[];
  /** SELinux is active and enforces its policy. */
  readonly selinux: boolean;
}

/** `error`: LD_PRELOAD does not arrive. `warning`: it may arrive, and not everywhere do what it should. */
export interface Obstacle {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function whyNoEffect(facts: EffectFacts): Obstacle[] {
  const unit = fromFiles(facts.unit, facts.files);
  return [
    ...laterFiles(facts),
    ...environmentFiles(facts),
    ...unset(facts, unit),
    ...otherRoot(facts, unit),
    ...facts.programs.flatMap((program) => programObstacles(facts, program)),
    ...(facts.selinux ? [selinux(facts)] : []),
  ];
}

function laterFiles({ unit, library, kind, files }: EffectFacts): Obstacle[] {
  let culprit: { readonly path: string; readonly reset: boolean } | undefined;
  for (const file of files.filter(({ path }, index) => index > 0 && fileName(path) > DROP_IN_NAME)) {
    for (const { value } of serviceSettings(file).filter(({ key }) => key === "Environment")) {
      const entry = findEntry(assignments(value, unit), PRELOAD_VARIABLE);
      if (value === "") culprit = { path: file.path, reset: true };
      else if (entry !== undefined) {
        culprit = preloads(entry.value, library) ? undefined : { path: file.path, reset: false };
      }
    }
  }
  if (culprit === undefined) return [];
  const does = culprit.reset ? "empties Environment=" : `sets ${PRELOAD_VARIABLE}`;
  const message = `the drop-in ${quote(culprit.path)} of ${quote(unit)} ${does}, and systemd reads it after '${DROP_IN_NAME}'`;
  const hint = culprit.reset
    ? "give that file a name that sorts before ours"
    : `write ${quote(library)} into that value ${kind === "share" ? "last" : "first"}`;
  return [
    { severity: "error", code: "later-drop-in", message, hint: `${hint}, as 'systemctl cat ${unit}' shows them` },
  ];
}

function environmentFiles({ unit, library, kind, environmentFiles }: EffectFacts): Obstacle[] {
  const read = environmentFiles.map(({ path, text }) => ({
    path,
    text,
    preload: text === undefined ? undefined : findEntry(parseEnvironmentFile(text), PRELOAD_VARIABLE),
  }));
  const unread: Obstacle[] = read
    .filter(({ text }) => text === undefined)
    .map(({ path }) => ({
      severity: "warning",
      code: "environment-file-unread",
      message: `the environment file ${quote(path)} of ${quote(unit)} cannot be read; if it sets ${PRELOAD_VARIABLE}, the drop-in has no effect`,
      hint: `look for ${PRELOAD_VARIABLE} with 'sudo grep ${PRELOAD_VARIABLE} ${path}'`,
    }));
  const last = read.findLast(({ preload }) => preload !== undefined);
  if (last?.preload === undefined || preloads(last.preload.value, library)) return unread;
  return [
    {
      severity: "error",
      code: "environment-file",
      message: `the environment file ${quote(last.path)} of ${quote(unit)} sets ${PRELOAD_VARIABLE}, and that wins over every drop-in`,
      hint: `write ${kind === "share" ? `':${library}' behind` : `'${library}:' in front of`} its value there, or take the line out`,
    },
    ...unread,
  ];
}

function unset({ unit, library }: EffectFacts, { unsetEnvironment, environment }: Unit): Obstacle[] {
  const ours = findEntry(environment, PRELOAD_VARIABLE);
  const hit = unsetEnvironment.find(
    (item) =>
      item === PRELOAD_VARIABLE ||
      (ours !== undefined && preloads(ours.value, library) && item === `${PRELOAD_VARIABLE}=${ours.value}`),
  );
  if (hit === undefined) return [];
  const message = `${quote(unit)} has UnsetEnvironment=${hit}, which removes the variable, whatever sets it`;
  return [
    { severity: "error", code: "unset-environment", message, hint: `'systemctl cat ${unit}' shows where; take it out` },
  ];
}

function otherRoot({ unit, kind }: EffectFacts, { rootDirectory, rootImage }: Unit): Obstacle[] {
  const setting = rootDirectory === undefined ? "RootImage" : "RootDirectory";
  const place = rootDirectory ?? rootImage;
  if (place === undefined) return [];
  const message = `${quote(unit)} runs with ${setting}=${place}, where neither the ${NAMES[kind]} nor the table of this host is`;
  const hint =
    setting === "RootDirectory"
      ? `install there too, with 'portreservectl install --root ${place}', or add BindReadOnlyPaths= for both`
      : `add BindReadOnlyPaths= for the ${NAMES[kind]}'s folder and the table to the unit`;
  return [{ severity: "warning", code: "other-root", message, hint }];
}

const NAMES = { shim: "shim", high: "high-ports library", share: "share library" } as const;
const NOT_HELD = "leave its port reserved, and do not hold it";
const SYSTEM_WIDE = "only the preload list reaches it: 'portreservectl install' without --unit";

function programObstacles({ unit, kind }: EffectFacts, program: StartedProgram): Obstacle[] {
  const found: Obstacle[] = [];
  if (kind === "share" && program.go === true && !program.static) {
    const message = `${quote(program.path)} of ${quote(unit)} is a program in Go, which makes its system calls itself, so no library gives it SO_REUSEADDR`;
    found.push({ severity: "error", code: "go-program", message, hint: NOT_HELD });
  }
  if (program.static) {
    const message = `${quote(program.path)} of ${quote(unit)} is statically linked, so it preloads nothing`;
    found.push({
      severity: "error",
      code: "static-program",
      message,
      hint:
        kind === "share" ? NOT_HELD : "use a dynamically linked build, or keep it from the ports by its own settings",
    });
  } else if (program.setuid || program.capabilities) {
    const why = program.setuid ? "is setuid or setgid" : "has file capabilities";
    const message = `${quote(program.path)} of ${quote(unit)} ${why}, so the loader may ignore ${PRELOAD_VARIABLE}`;
    // Beside a hold an owner without the library does not start.
    const [severity, hint] = kind === "share" ? (["error", NOT_HELD] as const) : (["warning", SYSTEM_WIDE] as const);
    found.push({ severity, code: "privileged-program", message, hint });
  }
  return found;
}

function selinux({ unit, kind }: EffectFacts): Obstacle {
  return {
    severity: "warning",
    code: "selinux",
    message: `SELinux is enforcing: where its policy changes the domain for ${quote(unit)}, the loader may ignore ${PRELOAD_VARIABLE}`,
    hint:
      kind === "share"
        ? `restart it before anything depends on it, and see whether it starts: 'systemctl restart ${unit}'`
        : "the preload list is not affected: 'portreservectl install' without --unit",
  };
}
