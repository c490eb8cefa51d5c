// status --watch: looks again and again, and shows what it sees whenever that has changed.
import type { Report } from "../../report/types.ts";
import { whenStopped } from "../../system/stop-signals.ts";
import type { Context } from "../types.ts";

/** Milliseconds between two looks. */
const INTERVAL = 2000;

/** `lookAgain`: the next report, and a text that is the same as long as nothing has changed. Ends when it is stopped or nobody reads. */
export async function watch(
  { emit, isRead }: Pick<Context, "emit" | "isRead">,
  lookAgain: () => { readonly report: Report; readonly key: string },
): Promise<Report> {
  const stop = whenStopped();
  try {
    let shown: string | undefined;
    for (;;) {
      const { report, key } = lookAgain();
      if (key !== shown && !emit(report, shown === undefined ? "first" : "next")) break;
      shown = key;
      if ((await stop.within(INTERVAL)) || !isRead()) break;
    }
  } finally {
    stop.forget();
  }
  return { command: "status", outcome: "done", diagnostics: [], body: [], data: {}, written: true };
}
