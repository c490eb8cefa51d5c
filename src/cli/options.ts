// Every option as data: its flag, its line in the help, and how the command line becomes Options.
import type { Options } from "../commands/types.ts";
import type { ColorChoice } from "../report/style.ts";
import type { OptionName } from "./verb.ts";

export interface OptionText {
  /** As the help writes it: '<…>' after an option that takes a value, '<…...>' after one that takes several. */
  readonly flag: string;
  readonly help: string;
}

export const OPTION_TEXTS: Readonly<Record<OptionName | ColorOption, OptionText>> = {
  "dry-run": { flag: "--dry-run", help: "show what would change, and change nothing" },
  strict: { flag: "--strict", help: "keep the old table if anything was rejected" },
  force: {
    flag: "--force",
    help: "go on even if hardly any port is left to hand out, or ports are let go because a file cannot be read",
  },
  "no-blacklist": { flag: "--no-blacklist", help: "leave /etc/bindresvport.blacklist out" },
  "no-wait": { flag: "--no-wait", help: "fail at once if another portreservectl is running" },
  settle: { flag: "--settle", help: "compile again until nothing has changed for a moment, as the unit does" },
  unit: { flag: "--unit <unit...>", help: "only these systemd services, each by a drop-in of its own" },
  "one-unit": { flag: "--unit <unit>", help: "prove it in the environment of this service, and judge it alone" },
  pid: { flag: "--pid <pid>", help: "prove it in the environment of this process, and judge it alone" },
  quick: { flag: "--quick", help: "leave the proof out" },
  now: {
    flag: "--now",
    help: "with --unit, --share or fixed: restart the ones that are running, so that it takes effect at once",
  },
  "high-ports": {
    flag: "--high-ports",
    help: "with --unit: for services that need no privileged port: they get ports from 1024 up",
  },
  block: { flag: "--block", help: "keep everybody out, an owner too: for ports that nobody shall have" },
  share: {
    flag: "--share",
    help: "give owners without SO_REUSEADDR that flag, by a library in a drop-in of their unit",
  },
  unchecked: { flag: "--unchecked", help: "also ports whose owner is down and cannot be asked for SO_REUSEADDR" },
  restart: { flag: "--restart", help: "restart the services that run without the shim, and say which" },
  "restart-owner": { flag: "--restart-owner", help: "restart the owner then, and see that it has the port" },
  prometheus: { flag: "--prometheus", help: "write metrics in the text format of Prometheus" },
  output: {
    flag: "--output <file>",
    help: "write the metrics to FILE atomically, and print nothing",
  },
  nagios: { flag: "--nagios", help: "answer as a plugin of Nagios or Icinga does, by exit codes 0 to 3 alone" },
  timeout: { flag: "--timeout <seconds>", help: "with --nagios: say UNKNOWN after so many, instead of 10; also -t" },
  watch: { flag: "--watch", help: "show it again whenever something has changed, until it is interrupted" },
  verbose: {
    flag: "--verbose",
    help: "show all of it: every error and note, and what is only counted or left out otherwise",
  },
  root: { flag: "--root <folder>", help: "work on the system in this folder instead of /" },
  json: { flag: "--json", help: "write one JSON document to standard output" },
  color: {
    flag: "--color <when>",
    help: "auto, always or never; else NO_COLOR and FORCE_COLOR in the environment, and whether it is a terminal",
  },
  "no-color": { flag: "--no-color", help: "the same as --color=never" },
};

/** What may stand before the verb. */
export const GLOBAL_OPTIONS: readonly (OptionName | ColorOption)[] = ["root", "json", "color", "no-color"];

/** Of every verb. */
export type ColorOption = "color" | "no-color";

export type FlagName = Exclude<OptionName, "one-unit"> | ColorOption | "version" | "help";

/** Without --color "auto", and never against --no-color. Undefined where '--color' has another value. */
export function colorChoice(flags: Flags): ColorChoice | undefined {
  const when = flags.get("color")?.at(-1);
  if (flags.has("no-color") || when === undefined) return flags.has("no-color") ? "never" : "auto";
  return (["auto", "always", "never"] as const).find((choice) => choice === when);
}

/** What the user wrote: the values of each option; none where it takes none. */
export type Flags = ReadonlyMap<FlagName, readonly string[]>;

/** `root` is still as the user wrote it. An option that takes one value and was given twice has the last. */
export function optionsFrom(flags: Flags): Options {
  const has = (name: FlagName): boolean => flags.has(name);
  const last = (name: FlagName): string | undefined => flags.get(name)?.at(-1);
  return {
    root: last("root") ?? "/",
    json: has("json"),
    verbose: has("verbose"),
    dryRun: has("dry-run"),
    strict: has("strict"),
    force: has("force"),
    blacklist: !has("no-blacklist"),
    wait: !has("no-wait"),
    settle: has("settle"),
    units: flags.get("unit") ?? [],
    pid: last("pid"),
    quick: has("quick"),
    now: has("now"),
    highPorts: has("high-ports"),
    block: has("block"),
    share: has("share"),
    unchecked: has("unchecked"),
    restart: has("restart"),
    restartOwner: has("restart-owner"),
    prometheus: has("prometheus") || has("output"),
    output: last("output"),
    nagios: has("nagios"),
    timeout: last("timeout"),
    watch: has("watch"),
  };
}
