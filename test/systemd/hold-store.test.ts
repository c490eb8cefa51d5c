// The holder's sockets in the keeping of real systemd: killed, started again, beside a new systemd, more of them than a program
// may have by default, and beside an administrator's own socket.
import { describe, expect, test } from "vitest";
import { holderUnitText } from "../../src/core/systemd/holder-unit-text.ts";
import { HOLDER_UNIT } from "../../src/system/paths.ts";
import { holdFile } from "../hold/scene.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { HOLDER, HOLDER_KILLED } from "../support/holder.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();
const UNIT = holderUnitText(HOLDER);
const FOLDER = "/etc/systemd/system";
const few = holdFile("hold tcp 631", "hold udp 631", "block udp 623");
/** 560 ports, and so 1120 sockets. */
const many = holdFile(
  ...Array.from({ length: 280 }, (_, index) => [`hold tcp ${600 + index}`, `hold udp ${600 + index}`]).flat(),
);
const SOCKETS = compileC("test/hold/sockets.c");

/** `storm SCRIPT`: how often a thief that never sleeps had the port meanwhile; `shown`: how many sockets systemd keeps. */
const PRELUDE = `
dropin=${FOLDER}/${HOLDER_UNIT}.d/fails.conf; mkdir -p \${dropin%/*}
${HOLDER_KILLED}ask() { printf '%s\\n' "$@" | ${SOCKETS}; }
storm() {
  rm -f /run/enough; for protocol in tcp udp; do ask "storm $protocol 0.0.0.0 631 /run/enough" >/run/$protocol & done
  for command in "$@"; do $command >/dev/null; done
  touch /run/enough; wait; echo "tcp $(cat /run/tcp), udp $(cat /run/udp)"
}
restarts() { systemctl show -P NRestarts ${HOLDER_UNIT} >>/run/restarts; }
fails() { restarts; printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >$dropin; systemctl daemon-reload; kill -9 $(main); sleep 3.5; }
mended() { restarts; rm $dropin; systemctl daemon-reload; until active; do sleep 0.02; done; }
restart() { systemctl restart ${HOLDER_UNIT}; }
shown() { echo "$(systemctl show -P NFileDescriptorStore ${HOLDER_UNIT}) sockets, $(systemctl show -P StatusText ${HOLDER_UNIT})"; }
said() { journalctl --sync; journalctl -q -b -o cat -t portreserve-hold -p warning | grep '^portreserve-hold:'; true; }
`;
const NEVER = "tcp 0, udp 0\n";

describe.skipIf(reason !== undefined)(named("a holder whose sockets systemd keeps", reason), () => {
  test("frees no port when it is killed, started again, or systemd is; and all when it is stopped", async () => {
    const files = { [`${FOLDER}/${HOLDER_UNIT}`]: UNIT, "/etc/portreserve.hold": few, "/etc/many": many };
    await withGuest(bootGuest({ files }), async (guest) => {
      const output = (script: string): Promise<string> => guest.output(PRELUDE + script);
      await output(`systemctl start ${HOLDER_UNIT}`);
      expect(await output("shown")).toBe("6 sockets, 3 of 3 ports are held\n");
      expect(await output("storm killed killed killed restart restart")).toBe(NEVER);
      // It asks for a reload as the last of its work; so what comes after that is done too.
      expect(await output(`storm 'systemctl daemon-reexec' killed 'systemctl reload ${HOLDER_UNIT}'; shown`)).toBe(
        `${NEVER}6 sockets, 3 of 3 ports are held\n`,
      );

      // One that cannot start is tried again each second, for ever.
      expect(await output("storm fails mended; shown")).toBe(`${NEVER}6 sockets, 3 of 3 ports are held\n`);
      const [before = 0, after = 0] = (await output("cat /run/restarts")).split("\n").map(Number);
      expect(after - before).toSatisfy((count: number) => count >= 2 && count <= 4);

      await output("mv /etc/many /etc/portreserve.hold");
      expect(await output("storm killed restart; shown")).toBe(`${NEVER}1120 sockets, 560 of 560 ports are held\n`);
      expect(await output("ask 'try udp 0.0.0.0 623' 'try tcp 0.0.0.0 879' 'try tcp 0.0.0.0 880'; said")).toBe(
        "EADDRINUSE\nEADDRINUSE\nok\n",
      );
      expect(await output(`systemctl stop ${HOLDER_UNIT}; ask 'try tcp 0.0.0.0 631' 'try udp 0.0.0.0 631'`)).toBe(
        "ok\nok\n",
      );

      // The controls: fewer descriptors, and none that are kept.
      await guest.write(`${FOLDER}/${HOLDER_UNIT}.d/limit.conf`, "[Service]\nLimitNOFILE=1024:524288\n");
      expect(await output(`systemctl daemon-reload; restart; killed; shown; said`)).toMatch(
        /^512 sockets, 560 of 560 ports are held\n(portreserve-hold: error: .* the service needs LimitNOFILE=16384\n){2}$/,
      );
      await guest.write(`${FOLDER}/${HOLDER_UNIT}.d/store.conf`, `[Service]\nExecStart=\nExecStart=${HOLDER}\n`);
      const stolen = await output(
        `systemctl stop ${HOLDER_UNIT}; systemctl daemon-reload; restart; storm killed killed`,
      );
      expect(stolen).toMatch(/^tcp [1-9][0-9]*, udp [1-9][0-9]*\n$/);
    });
  });

  test("closes what an administrator's socket unit hands to it, says so, and holds beside it", async () => {
    const socket = `[Socket]
ListenDatagram=0.0.0.0:631
FileDescriptorName=portreserve-udp4-631
Service=${HOLDER_UNIT}
`;
    const files = {
      [`${FOLDER}/${HOLDER_UNIT}`]: UNIT,
      [`${FOLDER}/theirs.socket`]: socket,
      "/etc/portreserve.hold": few,
    };
    await withGuest(bootGuest({ files }), async (guest) => {
      expect(
        await guest.output(`${PRELUDE}systemctl start theirs.socket ${HOLDER_UNIT}; killed; shown; said`),
      ).toBe(`6 sockets, 3 of 3 ports are held
${"portreserve-hold: error: the socket 'portreserve-udp4-631' that the service manager hands over is closed: it would get what is meant for the owner\n".repeat(2)}`);
    });
  });
});
