// The shape of every verb: what it is given, and what it gives back.
import type { Block, Message, Report } from "../report/types.ts";

/** Every switch of every verb, with the defaults of the ones that a verb does not take. */
export interface Options {
  /** The folder that stands for `/`; "/" unless --root was given. Absolute. */
  readonly root: string;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly dryRun: boolean;
  readonly strict: boolean;
  readonly force: boolean;
  /** False with --no-blacklist. */
  readonly blacklist: boolean;
  /** False with --no-wait. */
  readonly wait: boolean;
  /** compile: again until the configuration has been still for a moment. */
  readonly settle: boolean;
  /** The units, as the user wrote them: install, uninstall: to cover, none for the whole system; verify: at most one. */
  readonly units: readonly string[];
  /** verify: the process to judge alone, as the user wrote it. */
  readonly pid: string | undefined;
  /** verify: without the proof. */
  readonly quick: boolean;
  /** With `units`: restart them. */
  readonly now: boolean;
  /** install: the services get the shim's twin, which gives ports from 1024 up. */
  readonly highPorts: boolean;
  /** install: restart the services that run without the shim. */
  readonly restart: boolean;
  /** hold: keep everybody out, the owner too. */
  readonly block: boolean;
  /** hold: owners without SO_REUSEADDR get it by the share library, in drop-ins of their units. */
  readonly share: boolean;
  /** hold: also ports whose owner cannot be asked, since it is down. */
  readonly unchecked: boolean;
  /** reclaim: restart the owner, and see that it has the port. */
  readonly restartOwner: boolean;
  /** status: metrics in the text format that Prometheus reads. */
  readonly prometheus: boolean;
  /** status: the file for the metrics, as the user wrote it. */
  readonly output: string | undefined;
  /** status: as a plugin of a monitoring system. */
  readonly nagios: boolean;
  /** status: with `nagios`: seconds to answer in, as the user wrote them. */
  readonly timeout: string | undefined;
  /** status: again whenever something has changed, until it is stopped. */
  readonly watch: boolean;
}

export interface Context {
  readonly verb: string;
  readonly options: Options;
  /** The arguments after the verb, without its options. */
  readonly args: readonly string[];
  /** Says something on standard error before the verb is done, such as what it waits for. */
  progress(message: Message): void;
  /** Writes a part of the result at once, for verbs worth watching; does nothing with --json. */
  show(block: Block): void;
  /** Writes a whole result at once, as text or as a document, for verbs that have several. False once nobody reads it. */
  emit(report: Report, how: Emission): boolean;
  /** Whether there is still somebody to read the next result. */
  isRead(): boolean;
  /** Says how far a scan is: on a terminal and with some patience alone. `undefined`: it is done. */
  meter(progress: Meter | undefined): void;
}

/** `first`: nothing was written yet. */
export type Emission = "first" | "next";

/** "looking at WHAT: DONE of TOTAL" */
export interface Meter {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** Expected problems are in the report; throws AppError when it could not complete, anything else is a bug. */
export type Command = (context: Context) => Report | Promise<Report>;
