// run: one command with the shim preloaded, in the place of this process. A wrapper must never break a service.

import type { Message, Outcome, Report } from "../report/types.ts";
import { type ExecFault, execute } from "../system/execute.ts";
import { readTable } from "../system/files/table-file.ts";
import { shimForPreload } from "../system/host/shim-file.ts";
import { compileHint, noTable } from "./source-messages.ts";
import type { Command } from "./types.ts";

export const run: Command = ({ args, progress, options }): Report => {
  const [file = ""] = args;
  const shim = shimForPreload();
  const absent = noTable(readTable(options.root), options.root, compileHint(options.root));
  if (absent !== undefined) progress({ ...absent, message: `${absent.message}; the command runs all the same` });
  const fault = execute(args.length, { LD_PRELOAD: withShim(shim, process.env.LD_PRELOAD) });
  return {
    command: "run",
    outcome: OUTCOMES[fault.kind],
    diagnostics: [],
    messages: [faultMessage(file, fault)],
    body: [],
    data: {},
  };
};

const OUTCOMES: Readonly<Record<ExecFault["kind"], Outcome>> = {
  "not-found": "not-found",
  "not-executable": "not-executable",
  failed: "incomplete",
};

/** In front, once, and everything else as it is: entries are separated by spaces and colons. */
function withShim(shim: string, preload: string | undefined): string {
  if (preload === undefined || preload === "") return shim;
  return preload.split(/[ :]/).includes(shim) ? preload : `${shim}:${preload}`;
}

function faultMessage(file: string, fault: ExecFault): Message {
  const message = `cannot run '${file}': ${fault.reason}`;
  return fault.kind === "not-found" && !file.includes("/")
    ? { severity: "error", message, hint: "it is in none of the folders of PATH: write its full path" }
    : { severity: "error", message };
}
