// The commands of docs/fleet.md about the journal, on a booted host: with something to say, and without.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noGuest } from "../support/guest/support.ts";
import { freshGuest, quiet, WATCH, withGuest } from "../systemd/fresh.ts";

const reason = noGuest();
const PAGE = readFileSync(path.resolve(import.meta.dirname, "../../docs/fleet.md"), "utf8");
const COMMANDS = (PAGE.split("\n## Journal\n")[1]?.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => /^ {4}\S/.test(line));

test.skipIf(reason !== undefined)(named("the page's commands find what is wrong, and that all is well", reason), () =>
  withGuest(freshGuest({}, WATCH), async (guest) => {
    expect(COMMANDS.map((line) => line.trim().split(" ")[0])).toEqual(["journalctl", "systemctl", "systemctl"]);
    const [log = "", active = "", status = ""] = COMMANDS;
    const said = (): Promise<string> => guest.output(`journalctl --sync; ${log.trim()} -q -o cat`);
    await guest.output("echo 602 >/etc/portreserve/second");
    await quiet(guest);
    // The control: it has compiled, and there is nothing to find.
    expect(await said()).toBe("");
    expect(await guest.output(active)).toBe("active\nactive\nactive\n");
    expect(await guest.output(status)).toBe("3 tcp and 3 udp ports are in the table\n");

    await guest.output("echo bad >/etc/portreserve/bad");
    await quiet(guest);
    expect(await said()).toContain("portreservectl: error: /etc/portreserve/bad:1:1: unknown service 'bad'\n");
    expect(await guest.output(status)).toContain("; left out: 1 rejected line or file: ");
    expect(await guest.output("systemctl is-failed portreserve; true")).toBe("inactive\n");
  }),
);
