// Which units keep their programs from every privileged port: by a user namespace of their own, a bounding set, or an ordinary user.
import { BOUNDING_SET } from "../../core/systemd/bounding-set.ts";
import { hiding, type Mounted } from "../../core/systemd/mounts.ts";
import { type Accounts, accountsIn, isOrdinaryUser, plainlyStarted } from "../../core/systemd/ordinary-user.ts";
import { otherRootOf, type Unit } from "../../core/systemd/unit.ts";
import type { UnitFile } from "../../core/systemd/unit-file.ts";
import { OWN_USERS, someUnconfined } from "../../core/systemd/user-namespace.ts";
import type { UnitFacts } from "../../coverage/unit-facts.ts";
import { hasNoCapabilities } from "../../system/files/attributes.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { NSSWITCH_FILE, PASSWD_FILE } from "../../system/paths.ts";
import { fileStatus, realPathOf } from "../programs/read-programs-on-disk.ts";

/** Of one look. */
export interface PowerSources {
  /** What systemd starts for a name in the unit. */
  readonly called: (name: string, unit: Unit) => string;
  /** Read once, and only where some unit has a user. */
  readonly accounts: () => Accounts;
}

/** In bytes; 100,000 users need some 6 MiB. */
const LIMIT = 16 * 1024 * 1024;

export function readAccounts(): Accounts {
  return accountsIn({ passwd: textOf(PASSWD_FILE), nsswitch: textOf(NSSWITCH_FILE, "") });
}

function textOf(file: string, missing?: string): string | undefined {
  const read = readUnder("/", file, LIMIT);
  if (!isFault(read)) return read.bytes.toString("utf8");
  return read.kind === "missing" ? missing : undefined;
}

/** `texts`: all of the unit's files. `mounted`: with links followed. */
export function powerlessFacts(
  unit: Unit,
  texts: () => readonly UnitFile[],
  mounted: readonly Mounted[],
  { called, accounts }: PowerSources,
): Pick<UnitFacts, "keptBy" | "ordinaryUser"> {
  const keeping = unit.ownUsers ? `${OWN_USERS}=yes` : unit.isBound === true ? `${BOUNDING_SET}=` : undefined;
  if (keeping === undefined && unit.leavesNoRight !== true) return {};
  const files = texts();
  if (!isWhole(unit, files)) return {};
  const isKept = keeping !== undefined && !someUnconfined(files);
  const ordinary = unit.leavesNoRight === true ? ordinaryUser(unit, files, mounted, called, accounts) : undefined;
  return {
    ...(isKept ? { keptBy: keeping } : {}),
    ...(ordinary === undefined ? {} : { ordinaryUser: ordinary }),
  };
}

/** Nobody knows what is in a file that cannot be read. */
function isWhole({ fragmentPath, dropInPaths }: Unit, files: readonly UnitFile[]): boolean {
  return fragmentPath !== undefined && files.length === dropInPaths.length + 1;
}

function ordinaryUser(
  unit: Unit,
  files: readonly UnitFile[],
  mounted: readonly Mounted[],
  called: PowerSources["called"],
  accounts: PowerSources["accounts"],
): UnitFacts["ordinaryUser"] {
  if (otherRootOf(unit) !== undefined) return undefined;
  const started = plainlyStarted(unit.id, files);
  if (started === undefined || !isOrdinaryUser(unit, accounts())) return undefined;
  const named = new Set(started.named.map((name) => realPathOf(called(name, unit)) ?? name));
  const programs = [...new Set(started.direct.map((name) => called(name, unit)))].filter((path) => {
    const real = realPathOf(path);
    return real !== undefined && !named.has(real) && hiding(mounted, [real]) === undefined && givesNoRight(real);
  });
  if (programs.length === 0) return undefined;
  return { setting: unit.dynamicUser ? "DynamicUser=yes" : `User=${unit.user}`, programs };
}

const SETUID_OR_SETGID = 0o6000;

/** `real`: without links. */
function givesNoRight(real: string): boolean {
  const status = fileStatus("/", real);
  return status !== undefined && (status.mode & SETUID_OR_SETGID) === 0 && hasNoCapabilities(real);
}
