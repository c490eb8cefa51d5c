// Priorities for the journal, on every line of a message.
import { expect, test } from "vitest";
import { withPriorities } from "../../src/report/journal.ts";

const SAID =
  "portreservectl: error: /etc/portreserve/cups:1:1: unknown service 'ipps'\n    ipps\n    ^^^^\nhint: did you mean 'ipp'?\n" +
  "portreservectl: warning: left out: 1 rejected line or file\n\nportreservectl: note: the table is stale\nhint: run it\n";

test("gives each line the priority of its message", () => {
  expect(withPriorities(SAID)).toBe(
    "<3>portreservectl: error: /etc/portreserve/cups:1:1: unknown service 'ipps'\n<3>    ipps\n<3>    ^^^^\n" +
      "<3>hint: did you mean 'ipp'?\n<4>portreservectl: warning: left out: 1 rejected line or file\n\n" +
      "<5>portreservectl: note: the table is stale\n<5>hint: run it\n",
  );
  expect(withPriorities("reading 'x'\n")).toBe("reading 'x'\n");
});
