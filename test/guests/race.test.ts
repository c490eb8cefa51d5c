// The old daemon's race: it held a port until its service was about to start, and whoever allocated just then had it.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { FULL } from "../support/full.ts";
import type { Guest } from "../support/guest/guest.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, NATIVE, releases } from "./support/releases.ts";

const RESTARTS = FULL ? 1000 : 250;
const RACE = "/usr/local/bin/race";
const THIEF = "/usr/local/bin/thief";
/** libtirpc begins with 600 + pid % 424, 841 here: of the 64 ports that the thief takes at a time, one in the middle is rsync's. */
const PID = 21441;

/** The real rsync, restarted while the thief allocates; what both have counted, and what rsync said of its failures. */
const race = (guest: Guest, scheme: "hold" | "alone"): Promise<string> =>
  guest.output(
    `chmod 755 ${RACE} ${THIEF}; rm -f /root/said
${NATIVE}/portreserve-pidexec --pid ${PID} -- ${THIEF} >/root/thief &
thief=$!
${RACE} ${scheme} ${RESTARTS} 873 rsync --daemon --no-detach --address=127.0.0.1 --config=/dev/null \
  --log-file=/root/said </dev/null
kill "$thief"
wait "$thief"
cat /root/thief
[ -e /root/said ]
echo "{\\"inUse\\":$(grep -c 'bind() failed: Address already in use' /root/said)}"`,
    { timeout: 400_000 },
  );

interface Counts {
  readonly restarts: number;
  /** How often rsync greeted a client. */
  readonly served: number;
  /** How many ports the thief got, and how often it was rsync's. */
  readonly got: number;
  readonly hits: number;
  /** How often rsync said that its port is in use. */
  readonly inUse: number;
}

const counts = (text: string): Counts =>
  Object.assign({}, ...text.split("\n").map((line) => (line === "" ? {} : JSON.parse(line))));

describe.each(await releases())("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("the port of a service that restarts", reason), () => {
    const engine = suite === "bookworm" ? "nspawn" : "unshare";
    // Each of them is the thief's library on one release.
    const library = suite === "bookworm" ? "libtirpc" : "glibc";

    test(`is lost between hold and bind to a thief through ${library}, and never with the shim`, async () => {
      const guest = await bootRelease(suite, {
        engine,
        services: "asked",
        files: {
          // Static, so that it runs on a release older than this machine.
          [RACE]: readFileSync(compileC("test/guests/support/theft-race.c", ["-static"])),
          [THIEF]: readFileSync(
            compileC("test/guests/support/theft-loop.c", [
              "-DWANTED=873",
              ...(library === "libtirpc" ? ["-l:libtirpc.so.3"] : []),
            ]),
          ),
          "/etc/bindresvport.blacklist": "",
          "/etc/portreserve/rsync": "rsync/tcp\n",
        },
      });
      try {
        const held = counts(await race(guest, "hold"));
        const stolen = held.restarts - held.served;
        expect(held).toMatchObject({ restarts: RESTARTS, inUse: stolen });
        expect(stolen).toBeGreaterThan(0);
        expect(held.hits).toBeGreaterThanOrEqual(stolen);

        await guest.output("portreservectl install");
        const covered = counts(await race(guest, "alone"));
        expect(covered).toMatchObject({ restarts: RESTARTS, served: RESTARTS, hits: 0, inUse: 0 });
        // The thief went round all ports, time and again.
        expect(covered.got).toBeGreaterThan(RESTARTS);
        note(
          `hold and release, while a thief allocates (${library})`,
          suite,
          engine,
          `${stolen} thefts`,
          "0 thefts",
          RESTARTS,
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
