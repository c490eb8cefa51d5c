// What the command line knows of a verb: its words, options and outcomes, and where its code is.
import type { Command } from "../commands/types.ts";
import type { Outcome } from "../report/types.ts";

export type OptionName =
  | "root"
  | "json"
  | "verbose"
  | "dry-run"
  | "strict"
  | "force"
  | "no-blacklist"
  | "no-wait"
  | "settle"
  | "unit"
  | "one-unit"
  | "pid"
  | "quick"
  | "now"
  | "high-ports"
  | "block"
  | "share"
  | "unchecked"
  | "restart"
  | "restart-owner"
  | "prometheus"
  | "output"
  | "nagios"
  | "timeout"
  | "watch";

/** Services of systemd; files of /etc/portreserve; ports that they reserve. */
export type Completable = "units" | "owners" | "ports";

export interface Verb {
  readonly name: string;
  /** As shown after the verb, such as "PORT[/PROTO] | NAME"; empty for none. */
  readonly synopsis: string;
  /** How many arguments: at least, at most. */
  readonly arity: readonly [number, number];
  /** What its arguments may be, for completion, where that is a fixed choice. */
  readonly words?: readonly string[];
  /** What of the host its arguments may be, for completion. */
  readonly completes?: readonly Completable[];
  /** One line. */
  readonly summary: string;
  /** One paragraph, lines joined and wrapped by the help. */
  readonly description: string;
  readonly options: readonly OptionName[];
  /** Options that the parser lets through so that the verb says itself why it refuses them; no help lists them. */
  readonly refuses?: readonly OptionName[];
  readonly examples: readonly (readonly [command: string, explanation: string])[];
  /** What each outcome means for this verb, in the order of the exit codes. */
  readonly outcomes: readonly (readonly [Outcome, string])[];
  /** Everything after the first argument belongs to that argument's program. */
  readonly passThrough?: true;
  readonly load: () => Promise<Command>;
}
