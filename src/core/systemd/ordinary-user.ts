// Whether a unit's settings make another user than root of its programs, and leave this user no right: it can take no privileged port.
import { commandsIn, execPrograms, HELPER_SETTINGS } from "./exec-programs.ts";
import { expand } from "./specifiers.ts";
import type { Unit } from "./unit.ts";
import { settingsOf, type UnitFile } from "./unit-file.ts";
import { splitWords } from "./words.ts";

/** The settings that may leave a user rights, or give some: PAMName= by a module of PAM. */
export const RIGHT_SETTINGS = ["AmbientCapabilities", "PAMName", "SecureBits"] as const;

/** `value`: of a setting, undefined for one of which nothing is known. systemd shows SecureBits= as a number. */
export function leavesNoRight(value: (name: (typeof RIGHT_SETTINGS)[number]) => string | undefined): boolean {
  return RIGHT_SETTINGS.every((name) => value(name) === "" || (name === "SecureBits" && value(name) === "0"));
}

/** Programs by their names in ExecStart= and its like. */
export interface PlainlyStarted {
  /** Those that systemd itself starts as the unit's user. */
  readonly direct: readonly string[];
  /** Those that a shell or another program is given to start, by whatever right. */
  readonly named: readonly string[];
}

const COMMANDS: ReadonlySet<string> = new Set(["ExecStart", ...HELPER_SETTINGS]);
/** These begin like commands, and are none. */
const NO_COMMANDS: ReadonlySet<string> = new Set(["ExecPaths", "ExecSearchPath"]);
/** The marks before it are all harmless, and no quote or escape hides another: '+', '!' and '|' change who it runs as. */
const PLAIN_START = /^[-@:]*[A-Za-z0-9_/.]/;
/** Who asks one of these has a program started as somebody else, by name. */
const ASKING =
  /(^|[^A-Za-z0-9_-])(sudo|su|doas|pkexec|run0|runuser|setpriv|capsh|systemd-run|machinectl|busctl|dbus-send|gdbus)(?![A-Za-z0-9_-])/;

/** Undefined where something in these files, all of the unit's, may start a program as another user. */
export function plainlyStarted(unit: string, files: readonly UnitFile[]): PlainlyStarted | undefined {
  const direct: string[] = [];
  const named: string[] = [];
  for (const { key, value } of files.flatMap(({ text }) => settingsOf(text))) {
    if (key === "PermissionsStartOnly") return undefined;
    // Of a template it is another user for each instance, maybe root.
    if (key === "User" && value.includes("%")) return undefined;
    if (!key.startsWith("Exec") || NO_COMMANDS.has(key) || value === "") continue;
    if (!COMMANDS.has(key) || ASKING.test(value)) return undefined;
    for (const command of commandsIn(value)) {
      const { words, broken } = splitWords(command);
      const [first = "", ...args] = words;
      const program = expand(first.replace(/^[-@:]+/, ""), unit);
      if (broken || !PLAIN_START.test(command) || program === undefined) return undefined;
      const [itself = program, ...others] = execPrograms(
        program,
        args.map((word) => expand(word, unit) ?? word),
      );
      direct.push(itself);
      named.push(...others);
    }
  }
  return { direct, named };
}

/** The texts that say who is who; undefined for one that cannot be read. */
export interface AccountTexts {
  readonly passwd: string | undefined;
  /** /etc/nsswitch.conf; "" where there is none. */
  readonly nsswitch: string | undefined;
}

/** Who is who. */
export interface Accounts {
  /** What /etc/passwd has for each name, as written; undefined where it cannot be read, or asks a name service for more. */
  readonly numbers: ReadonlyMap<string, readonly string[]> | undefined;
  /** Where users are looked up, in order; undefined where an answer is not the end, or that is not known. */
  readonly sources: readonly string[] | undefined;
}

/** Parsed once for all units: a host may have 100,000 users. */
export function accountsIn({ passwd, nsswitch }: AccountTexts): Accounts {
  return { numbers: passwd === undefined ? undefined : numbersIn(passwd), sources: sourcesIn(nsswitch) };
}

function numbersIn(passwd: string): Accounts["numbers"] {
  const numbers = new Map<string, string[]>();
  for (const line of passwd.split("\n").map((each) => each.trimStart())) {
    // '+' and '-' ask a name service for more.
    if (/^[+-]/.test(line)) return undefined;
    const [name = "", , uid = ""] = line.split(":");
    numbers.set(name, [...(numbers.get(name) ?? []), uid]);
  }
  return numbers;
}

/**
 * Whether the user of a unit that has one is surely none with the number 0. By the host's own files alone: of a name that
 * is not in them, or not looked up there first, nothing is known.
 */
export function isOrdinaryUser(
  { id, user, dynamicUser }: Pick<Unit, "id" | "user" | "dynamicUser">,
  { numbers, sources }: Accounts,
): boolean {
  if (user !== undefined && /^\d+$/.test(user)) return !dynamicUser && isOrdinaryNumber(user);
  if (sources === undefined || numbers === undefined) return false;
  const name = user ?? id.replace(/(@.*)?\.[a-z]+$/s, "");
  const entries = numbers.get(name) ?? [];
  if (name === "root" || !entries.every(isOrdinaryNumber)) return false;
  // systemd takes a user of this name that is there, and makes one otherwise.
  if (dynamicUser) return sources.every((source) => source === "files" || source === "systemd");
  return user !== undefined && entries.length > 0 && (sources[0] === "files" || sources[0] === "compat");
}

/** The last is no user, but "none". */
function isOrdinaryNumber(uid: string): boolean {
  return /^[1-9]\d{0,9}$/.test(uid) && Number(uid) < 0xffffffff;
}

function sourcesIn(nsswitch: string | undefined): Accounts["sources"] {
  const lines = nsswitch?.split("\n").flatMap((line) => /^\s*passwd\s*:([^#]*)/.exec(line)?.[1] ?? []);
  if (lines === undefined || lines.length > 1 || /success|!/i.test(lines[0] ?? "")) return undefined;
  const words = (lines[0] ?? "files").replace(/\[[^\]]*\]/g, " ").trim();
  return words === "" ? undefined : words.split(/\s+/);
}
