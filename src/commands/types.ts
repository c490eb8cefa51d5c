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
  /** install, uninstall: the units to cover, as the user wrote them; none for the whole system. */
  readonly units: readonly string[];
  /** With `units`: restart them. */
  readonly now: boolean;
}

export interface Context {
  readonly options: Options;
  /** The arguments after the verb, without its options. */
  readonly args: readonly string[];
  /** Says something on standard error before the verb is done, such as what it waits for. */
  progress(message: Message): void;
  /** Writes a part of the result at once, for verbs worth watching; does nothing with --json. */
  show(block: Block): void;
}

/** Expected problems are in the report; throws AppError when it could not complete, anything else is a bug. */
export type Command = (context: Context) => Report | Promise<Report>;
