// A preload list, a shim or a folder that not every user may use: what is said of a service that runs as one, and what it takes.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { withGuest } from "../systemd/fresh.ts";
import { bootZoo, CTL, noZoo, startServices, status, takers, verdictText } from "./zoo-scene.ts";
import type { Services } from "./zoo-services.ts";

const reason = noZoo();
const SERVICES: Services = {
  plain: "ExecStart=/usr/local/sbin/holder",
  capable: "ExecStart=/usr/local/sbin/holder\nUser=nobody\nAmbientCapabilities=CAP_NET_BIND_SERVICE",
};
const NAMES = Object.keys(SERVICES);
const FOLDER = "/usr/lib/x86_64-linux-gnu/portreserve";

const closed = (path: string, cure: string): string => `only some users may use '${path}' | ${cure}`;
/** What closes a place, what opens it again, and its cure. */
const PLACES: readonly (readonly [path: string, close: string, open: string, cure: string])[] = [
  // As a package's postinst does it.
  [
    "/etc/ld.so.preload",
    'new=$(mktemp /etc/new.XXXXXX); cat /etc/ld.so.preload >"$new"; mv "$new" /etc/ld.so.preload',
    `${CTL} install`,
    "portreservectl install",
  ],
  [`${FOLDER}/libportreserve.so`, `chmod 600 ${FOLDER}/libportreserve.so`, `${CTL} install`, "portreservectl install"],
  [FOLDER, `chmod 750 ${FOLDER}`, `chmod a+x ${FOLDER}`, `chmod a+x ${FOLDER}`],
];

describe.skipIf(reason !== undefined)(named("what install put there and not everybody may use", reason), () => {
  test.each(PLACES)(
    "'%s' is named, and its cure covers",
    async (path, close, open, cure) => {
      await withGuest(bootZoo(SERVICES), async (guest) => {
        const look = async (): Promise<Readonly<Record<string, unknown>>> => {
          const { allocators, answers } = await status(guest);
          const rows = allocators.filter(({ unit }) => NAMES.some((name) => unit === `${name}.service`));
          return {
            ...Object.fromEntries(rows.map((row) => [row.unit, verdictText(row).replace(/^.*?\) /, "")])),
            usable: answers.find(({ id }) => id === "usable")?.state,
          };
        };
        await guest.output(`${CTL} install; ${close}`);
        const idle = `unknown | ${closed(path, cure)} [usable]`;
        expect(await look()).toEqual({ "plain.service": idle, "capable.service": idle, usable: "bad" });
        await startServices(guest, ...NAMES);
        expect(await look()).toEqual({
          "plain.service": "covered [covered]",
          "capable.service": `not covered | ${closed(path, cure)} [loaded]`,
          usable: "bad",
        });
        expect(await takers(guest, ...NAMES)).toEqual({ plain: false, capable: true });
        // By proof, too: in a network of its own, where no capability is needed.
        const found = await faults(guest);
        // One for each ABI that this machine starts programs of.
        const strangers = found.filter((fault) => /^comes from '.*libc\.so\.6', .*, as an ordinary user$/.test(fault));
        expect(strangers).not.toEqual([]);
        expect(found.filter((fault) => !strangers.includes(fault))).toEqual([
          "handed out what is reserved: 631 and 700, as an ordinary user",
          "handed out what is reserved: 631, 665 and 700, as an ordinary user",
        ]);

        await guest.output(open);
        await startServices(guest, ...NAMES);
        expect(await look()).toEqual({
          "plain.service": "covered [covered]",
          "capable.service": "covered [covered]",
          usable: undefined,
        });
        expect(await takers(guest, ...NAMES)).toEqual({ plain: false, capable: false });
        expect(await faults(guest)).toEqual([]);
      });
    },
    240_000,
  );
});

/** What the proof found wrong, each once. */
async function faults(guest: Guest): Promise<readonly string[]> {
  const { how, proof } = JSON.parse(await guest.output(`${CTL} verify --json || :`)) as {
    readonly how: { readonly notes: readonly string[] };
    readonly proof: readonly { readonly faults: readonly string[] }[];
  };
  expect(how.notes.filter((note) => note.includes("ordinary user"))).toEqual([]);
  return [...new Set(proof.flatMap((row) => row.faults))];
}
