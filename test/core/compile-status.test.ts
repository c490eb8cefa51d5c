// What a compile came to, in the one line that 'systemctl status' shows.
import { expect, test } from "vitest";
import { compileStatus, failedStatus } from "../../src/commands/compile-status.ts";
import type { Message, Report } from "../../src/report/types.ts";

const report = (change: Partial<Report>): Report => ({
  command: "compile",
  outcome: "done",
  diagnostics: [],
  body: [],
  data: { result: "unchanged", tcp: [631, 749], udp: [631] },
  ...change,
});
const message = (severity: Message["severity"]): Message => ({ severity, message: "said" });
const SEE = "see 'journalctl -t portreserve -p warning'";

test.each<[string, Partial<Report>, string]>([
  ["all is in force", {}, "2 tcp and 1 udp ports are in the table"],
  ["there is but a note", { messages: [message("note")] }, "2 tcp and 1 udp ports are in the table"],
  [
    "lines were rejected",
    {
      diagnostics: [{ severity: "error", code: "more-diagnostics", message: "x", count: 3 }],
      messages: [message("warning")],
    },
    `2 tcp and 1 udp ports are in the table; left out: 3 rejected lines or files: ${SEE}`,
  ],
  [
    "a mechanism was not kept current",
    { outcome: "incomplete", messages: [message("error")] },
    `2 tcp and 1 udp ports are in the table; something was not done: ${SEE}`,
  ],
  [
    "the table was refused",
    { data: { result: "refused", tcp: [], udp: [] }, messages: [message("error")] },
    "not compiled: said",
  ],
])("where %s", (_, change, expected) => {
  expect(compileStatus(report(change))).toBe(expected);
});

test("stays one line, whatever names are in it", () => {
  expect(failedStatus("cannot read 'a\nSTOPPING=1\u001b'")).toBe("not compiled: cannot read 'a\\nSTOPPING=1\\x1b'");
});
