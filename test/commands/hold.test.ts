// hold and unhold on a host of their own, with the real portreserve-hold: owners that have SO_REUSEADDR and such that lack it.
import { beforeAll, describe, expect, test } from "vitest";
import { named, skipFor } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { HOLDER, hasHolder } from "../support/holder.ts";
import { noHost, onHost } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";
import type { Steps } from "../support/steps.ts";

const notHere = (await noHost()) ?? skipFor(hasHolder ? undefined : "portreserve-hold was not built");

const SCRIPT = `
own() { background "$SCRATCH/ready" "$OWNER" "$@"; PID=$!; until_works grep . "$SCRATCH/ready"; cat "$SCRATCH/ready"; }
gone() { kill "$1"; wait "$1" 2>/dev/null; return 0; }
allocate() { thief "$PROBE" --symbol bindresvport | grep -o '"port":[0-9]*'; }
holder() { "$HOLD" 2>/dev/null & HOLDER=$!; until_works test -e /run/portreserve/hold.json; }

step control allocate
step down ctl hold cups
own share tcp 631 >/dev/null; CUPS=$PID
step none ctl hold cups
holder
step dry ctl hold cups --dry-run
step untouched cat /etc/portreserve/cups
step nobody nobody "$NODE" "$MANAGER" hold cups --dry-run
step notroot nobody "$NODE" "$MANAGER" hold cups
chmod 640 /etc/portreserve/cups; chown 0:65534 /etc/portreserve/cups
step first ctl hold cups
step file cat /etc/portreserve/cups
step mode stat -c '%a %u:%g' /etc/portreserve/cups
step again ctl hold cups
gone "$CUPS"
step thief allocate
step restarted own share tcp 631; CUPS=$PID

own alone udp 700 >/dev/null; ALONE=$PID
step alone ctl hold 631/tcp 700/udp
step alonejson ctl hold 700/udp --json
step taken ctl hold 700/udp --block
gone "$ALONE"
step blind ctl hold 700/udp --unchecked
step refused own alone udp 700
step blocked ctl hold 701/tcp 8443/tcp --block --json
step newfiles tail -n +1 /etc/portreserve/port-700 /etc/portreserve/port-701 /etc/portreserve/port-8443

own share tcp 80 8080 >/dev/null; WEB=$PID
own alone udp 8081 >/dev/null; HIGH=$PID
step high ctl hold 8080 8081 --json
gone "$HIGH"
own alone from 702 >/dev/null; CLIENT=$PID
step stolen ctl hold 702/tcp
gone "$CLIENT"
gone "$WEB"

step letgo ctl unhold 700/udp
step free own alone udp 700; gone "$PID"
step rest ctl unhold cups 701/tcp 702 8443/tcp --json
step after cat /etc/portreserve/cups
step gonefile test ! -e /etc/portreserve.hold
gone "$CUPS"
step freeagain allocate
kill "$HOLDER"
`;

const FILE = "# printing\nipp # CUPS \u00e9\n";

const WHO = "port-owner PID";
const UNUSED = `631/udp  left as it is: nobody has it, and ${WHO} has 631/tcp alone → to hold it too: sudo portreservectl hold 631/udp --unchecked\n`;
const HELD_FILE = "# printing\nipp # CUPS \u00e9\n631/tcp hold\n";

describe.skipIf(notHere !== undefined)(named("hold", notHere), () => {
  let step: Steps;
  beforeAll(async () => {
    const steps = await onHost(SCRIPT, {
      etc: { "portreserve/cups": FILE },
      environment: { HOLD: HOLDER, OWNER: compileC("test/commands/port-owner.c") },
    });
    step = (name) => {
      const ran = steps(name);
      const plain = ran.stdout.replace(/port-owner-\w+ \d+/g, WHO).replace(/process \d+/g, "process PID");
      return { ...ran, stdout: plain };
    };
  }, 110_000);

  test("does not hold what no owner can be asked about, nor where nothing would hold it", () => {
    const down = "not known: nobody has it now, so its owner cannot be asked for SO_REUSEADDR\n";
    expect(step("down")).toEqual({
      status: 5,
      stdout: `631/tcp  ${down}631/udp  ${down}`,
      stderr:
        "portreservectl: error: nothing was changed: it is not known whether 2 of 2 ports can be held\n" +
        "hint: start its owner and run this again, or add --unchecked if its owner is known to set SO_REUSEADDR\n",
    });
    expect(step("none").status).toBe(3);
    expect(step("none").stderr).toContain("error: 'portreserve-hold.service' is not installed; nothing was changed\n");
  });

  test("shows what it would do, and to a user what root would see", () => {
    expect(step("dry")).toEqual({
      status: 0,
      stdout:
        `631/tcp  can be held: ${WHO} has SO_REUSEADDR\n${UNUSED}` +
        "--- /etc/portreserve/cups\n+++ /etc/portreserve/cups\n@@ -1,2 +1,3 @@\n # printing\n" +
        ` ${Buffer.from("ipp # CUPS \u00e9").toString("latin1")}\n+631/tcp hold\n` +
        "+ hold 631/tcp\nwould write: '/etc/portreserve.hold', 1 held and 0 blocked ports (there was no such file)\n",
      stderr: "",
    });
    expect(step("untouched").stdout).toBe(FILE);
    expect(step("nobody")).toMatchObject({
      status: 3,
      stdout: expect.stringMatching(/^631\/tcp {2}not known: \d+ process(es)? of (other users|another user) could not/),
      stderr: expect.stringContaining("hint: run 'sudo portreservectl hold cups --dry-run'\n"),
    });
    expect(step("notroot").status).toBe(4);
  });

  test("holds the port beside its running owner, in the line's own file, and does nothing a second time", () => {
    expect(step("first")).toEqual({
      status: 0,
      stdout:
        `631/tcp  can be held: ${WHO} has SO_REUSEADDR\n${UNUSED}written: '/etc/portreserve/cups'\n` +
        "+ 631/tcp+udp\nwritten: '/etc/portreserve.table', generation 1, 1 tcp and 1 udp ports (there was no table)\n" +
        "+ hold 631/tcp\nwritten: '/etc/portreserve.hold', 1 held and 0 blocked ports (there was no such file)\n" +
        "told: portreserve-hold, process PID\n631/tcp  held now, beside its owner\n",
      stderr: "",
    });
    expect(step("file").stdout).toBe(HELD_FILE);
    expect(step("mode").stdout).toBe("640 0:65534\n");
    expect(step("again")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^631\/tcp {2}has the word 'hold' already\n/),
      stderr: "",
    });
    expect(step("again").stdout).not.toMatch(/written|told/);
  });

  test("keeps it from a thief once the owner is down, and the owner gets it back", () => {
    expect(step("control").stdout).toBe('"port":631\n');
    expect(step("thief").stdout).toMatch(/^"port":(?!631)/);
    expect(step("restarted").stdout).toBe("ready\n");
    expect(step("freeagain").stdout).toBe('"port":631\n');
  });

  test("refuses all for an owner without the flag, which is named with a cure, and fails closed unchecked", () => {
    expect(step("alone")).toEqual({
      status: 5,
      stdout:
        "631/tcp  has the word 'hold' already\n" +
        `700/udp  cannot be held: ${WHO} has no SO_REUSEADDR → sudo portreservectl hold 700/udp --share --now, or --block instead if nobody shall have it\n`,
      stderr: "portreservectl: error: nothing was changed: 700/udp cannot be held\n",
    });
    const document = JSON.parse(step("alonejson").stdout);
    expect(document).toMatchObject({ exitCode: 5, result: "refused", changes: [], ports: [{ answer: "alone" }] });
    expect(schemaFaults("hold", document)).toEqual([]);
    expect([step("taken").status, step("taken").stdout]).toEqual([
      5,
      `700/udp  cannot be blocked: ${WHO} has it → stop it and run this again, or add --unchecked to block the port once it is let go\n`,
    ]);
    expect(step("blind").stdout).toMatch(/^700\/udp {2}not checked: nobody has it\n[\s\S]*\n700\/udp {2}held now\n$/);
    expect(step("refused").stdout).toBe("bind: Address already in use\n");
  });

  test("blocks ports, above 1023 too, each in a file of its own where no file asks for them", () => {
    const document = JSON.parse(step("blocked").stdout);
    expect(document).toMatchObject({
      exitCode: 0,
      kind: "block",
      result: "written",
      ports: [
        { port: 701, answer: "can", outcome: "held" },
        { port: 8443, answer: "can", outcome: "held" },
      ],
      unit: "none",
    });
    expect(schemaFaults("hold", document)).toEqual([]);
    const head = "# written by 'portreservectl hold 701/tcp 8443/tcp --block'\n";
    expect(step("newfiles").stdout).toBe(
      "==> /etc/portreserve/port-700 <==\n# written by 'portreservectl hold 700/udp --unchecked'\n700/udp hold\n" +
        `\n==> /etc/portreserve/port-701 <==\n${head}701/tcp block\n` +
        `\n==> /etc/portreserve/port-8443 <==\n${head}8443/tcp block\n`,
    );
  });

  test("asks the owners of ports above 1023 too", () => {
    expect(JSON.parse(step("high").stdout)).toMatchObject({
      exitCode: 5,
      result: "refused",
      ports: [
        { port: 8080, protocol: "tcp", answer: "can" },
        { port: 8080, protocol: "udp", answer: "unused" },
        { port: 8081, protocol: "tcp", answer: "unused" },
        { port: 8081, protocol: "udp", answer: "alone" },
      ],
    });
  });

  test("writes the word for a port that somebody connects from, and says how to get it back", () => {
    expect(step("stolen").status).toBe(1);
    expect(step("stolen").stdout).toMatch(
      /^702\/tcp {2}can be held, but port-owner PID has it → sudo portreservectl reclaim 702\/tcp\n/,
    );
    expect(step("stolen").stdout).toMatch(
      /\n702\/tcp {2}not held yet: somebody has it without SO_REUSEADDR[^\n]* → sudo portreservectl reclaim 702\/tcp\n$/,
    );
  });

  test("lets ports go again, and keeps them reserved", () => {
    expect(step("letgo")).toEqual({
      status: 0,
      stdout:
        "700/udp  no longer held; what reserves it stays\nwritten: '/etc/portreserve/port-700'\n" +
        "unchanged: '/etc/portreserve.table', generation 4, 3 tcp and 2 udp ports\n- hold 700/udp\n" +
        "written: '/etc/portreserve.hold', 2 held and 2 blocked ports (the configuration has changed)\n" +
        "told: portreserve-hold, process PID\n",
      stderr: "",
    });
    expect(step("free").stdout).toBe("ready\n");
    const rest = JSON.parse(step("rest").stdout);
    expect(rest).toMatchObject({
      exitCode: 0,
      result: "written",
      ports: [{ port: 631, was: "hold" }, {}, {}, {}, {}, {}],
    });
    expect(schemaFaults("unhold", rest)).toEqual([]);
    expect(step("after").stdout).toBe(HELD_FILE.replace(" hold", ""));
    expect(step("gonefile").status).toBe(0);
  });
});
