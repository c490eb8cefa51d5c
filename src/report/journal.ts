// Where standard error is the journal: each line with the priority of its message, as sd-daemon(3) says it.
import { fstatSync } from "node:fs";
import { PROGRAM } from "./diagnostics.ts";

/** Whether systemd has connected standard error to its journal: see $JOURNAL_STREAM in systemd.exec(5). */
export function isJournal(environment: Readonly<Record<string, string | undefined>>): boolean {
  const stream = environment.JOURNAL_STREAM;
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(2, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

const HEAD = new RegExp(`^${PROGRAM}: (error|warning|note): `);
/** Source: syslog(3): LOG_ERR, LOG_WARNING, LOG_NOTICE. */
const PRIORITIES: Readonly<Record<string, number>> = { error: 3, warning: 4, note: 5 };

/** The excerpt and the hint below a message have its priority. Lines above the first message stay as they are. */
export function withPriorities(text: string): string {
  let prefix = "";
  return text.replace(/^.+$/gm, (line) => {
    const severity = HEAD.exec(line)?.[1];
    if (severity !== undefined) prefix = `<${PRIORITIES[severity]}>`;
    return `${prefix}${line}`;
  });
}
