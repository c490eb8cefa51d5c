// Every option as data: its flag, its line in the help, and how the command line becomes Options.
import type { Options } from "../commands/types.ts";
import type { OptionName } from "./verb.ts";

export interface OptionText {
  /** As commander and the help write it. */
  readonly flag: string;
  readonly help: string;
}

export const OPTION_TEXTS: Readonly<Record<OptionName | "no-color", OptionText>> = {
  "dry-run": { flag: "--dry-run", help: "show what would change, and change nothing" },
  strict: { flag: "--strict", help: "keep the old table if anything was rejected" },
  force: { flag: "--force", help: "compile even if hardly any unreserved port is left" },
  "no-blacklist": { flag: "--no-blacklist", help: "leave /etc/bindresvport.blacklist out" },
  "no-wait": { flag: "--no-wait", help: "fail at once if another portreservectl is at work" },
  settle: { flag: "--settle", help: "compile again until nothing has changed for a moment, as the unit does" },
  unit: { flag: "--unit <unit...>", help: "only these systemd services, each by a drop-in of its own" },
  "one-unit": { flag: "--unit <unit>", help: "prove it in the environment of this service, and judge it alone" },
  pid: { flag: "--pid <pid>", help: "prove it in the environment of this process, and judge it alone" },
  quick: { flag: "--quick", help: "leave the proof out" },
  now: { flag: "--now", help: "with --unit: restart the ones that are running, so that it takes effect at once" },
  prometheus: { flag: "--prometheus", help: "write metrics in the text format of Prometheus" },
  output: {
    flag: "--output <file>",
    help: "put the metrics into this file, at once and as a whole, and print nothing",
  },
  watch: { flag: "--watch", help: "show it again whenever something has changed, until it is interrupted" },
  verbose: { flag: "--verbose", help: "show every remark, however many there are" },
  root: { flag: "--root <folder>", help: "work on the system in this folder instead of /" },
  json: { flag: "--json", help: "write one JSON document to standard output" },
  "no-color": { flag: "--no-color", help: "no colour; NO_COLOR in the environment does the same" },
};

/** What may stand before the verb. */
export const GLOBAL_OPTIONS: readonly (OptionName | "no-color")[] = ["root", "json", "no-color"];

/** As commander parses them: camel case, and `--no-x` is `x: false`. */
export interface Flags {
  readonly root?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
  readonly force?: boolean;
  readonly blacklist?: boolean;
  readonly wait?: boolean;
  readonly settle?: boolean;
  readonly unit?: string | readonly string[];
  readonly pid?: string;
  readonly quick?: boolean;
  readonly now?: boolean;
  readonly prometheus?: boolean;
  readonly output?: string;
  readonly watch?: boolean;
  readonly color?: boolean;
}

/** `root` is still as the user wrote it. */
export function optionsFrom(flags: Flags): Options {
  return {
    root: flags.root ?? "/",
    json: flags.json ?? false,
    verbose: flags.verbose ?? false,
    dryRun: flags.dryRun ?? false,
    strict: flags.strict ?? false,
    force: flags.force ?? false,
    blacklist: flags.blacklist ?? true,
    wait: flags.wait ?? true,
    settle: flags.settle ?? false,
    units: [flags.unit ?? []].flat(),
    pid: flags.pid,
    quick: flags.quick ?? false,
    now: flags.now ?? false,
    prometheus: flags.prometheus ?? flags.output !== undefined,
    output: flags.output,
    watch: flags.watch ?? false,
  };
}
