// Booted releases with twenty services on privileged ports (owners.ts), and thieves that no preload reaches.
import { readFileSync } from "node:fs";
import { skipReason } from "../../support/can.ts";
import { compileC } from "../../support/compile-c.ts";
import { bootGuest, type Guest } from "../../support/guest/guest.ts";
import type { Engine } from "../../support/guest/keeper.ts";
import { noGuest } from "../../support/guest/support.ts";
import { debianRoot, noDebianRoot } from "../../support/roots/debian.ts";
import { nodeLayer, noNode } from "../../support/roots/node.ts";
import { OWNER_FILES, OWNER_PACKAGES, OWNERS, PREPARE_OWNERS } from "./owners.ts";
import { NODE, productLayer, type Release, type Suite } from "./releases.ts";

const THIEF = "/usr/local/bin/hold-thief";
/** Milliseconds: for what takes seconds on a busy machine. */
export const PATIENT = { timeout: 180_000 };

/** Makes the roots of these releases that are not there yet (a minute each). */
export async function ownerReleases(suites: readonly Suite[]): Promise<readonly Release[]> {
  const nspawn = { program: "systemd-nspawn", package: "systemd-container" } as const;
  const lacking = noGuest() ?? skipReason(nspawn) ?? (await noNode(NODE));
  const made: Release[] = [];
  for (const suite of suites)
    made.push({ suite, reason: lacking ?? (await noDebianRoot({ suite, include: OWNER_PACKAGES })) });
  return made;
}

/** Boots it with the package, its services configured and not running, and each port reserved. */
export async function bootOwners(suite: Suite, engine: Engine): Promise<Guest> {
  const reserved = OWNERS.map(({ unit, port, udp }) => [
    `/etc/portreserve/${fileOf(unit)}`,
    udp ? `${port}\n` : `${port}/tcp\n`,
  ]);
  const guest = await bootGuest({
    engine,
    services: "asked",
    files: {
      ...OWNER_FILES,
      ...Object.fromEntries(reserved),
      [THIEF]: readFileSync(compileC("test/guests/support/hold-thief.c", ["-static"])),
      ...Object.fromEntries(
        THIEVES.map((how) => [`/etc/systemd/system/thief-${how}.service`, `[Service]\nExecStart=${THIEF} ${how}\n`]),
      ),
    },
    lower: [productLayer(), nodeLayer(NODE), debianRoot({ suite, include: OWNER_PACKAGES })],
  });
  await guest.output(`chmod 755 ${THIEF}\n${PREPARE_OWNERS}`, PATIENT);
  return guest;
}

/** The name of an owner's file: an instance has its template's. */
export const fileOf = (unit: string): string => unit.replace(/@.*/, "");

const THIEVES = ["tcp4", "tcp6", "udp4"] as const;
export const THIEF_UNITS = THIEVES.map((how) => `thief-${how}`).join(" ");

export const startThieves = (guest: Guest): Promise<string> => guest.output(`systemctl start ${THIEF_UNITS}`);

/** Stops them; how many ports each has got. */
export async function stopThieves(guest: Guest): Promise<readonly number[]> {
  const text = await guest.output(`systemctl stop ${THIEF_UNITS}; journalctl --sync
for how in ${THIEVES.join(" ")}; do journalctl -q -b -o cat -u thief-$how | grep '^{' | tail -1; done`);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).got);
}

/** Some run on without their port where it was taken: those are started again. */
export const startOwners = (guest: Guest): Promise<string> =>
  guest.output(
    `systemctl reset-failed; systemctl restart ${OWNERS.map(({ unit }) => unit).join(" ")}\n${SETTLE}`,
    PATIENT,
  );

/** The ports of owners on which somebody listens. */
export async function served(guest: Guest): Promise<readonly number[]> {
  const listening = new Set((await guest.output(LISTENING)).split("\n").map(Number));
  return OWNERS.map(({ port }) => port).filter((port) => listening.has(port));
}

/** Restarts each owner that often, one after the other; the ports that were not served then. */
export async function lostInRestarts(guest: Guest, times: number): Promise<readonly number[]> {
  const places = OWNERS.map(({ unit, port }) => `${unit}:${port}`).join(" ");
  const text = await guest.output(
    `for round in $(seq ${times}); do
  for place in ${places}; do
    unit=\${place%:*} port=\${place##*:}
    systemctl reset-failed "$unit" 2>/dev/null
    timeout 20 systemctl restart "$unit" 2>/dev/null
    lost=$port
    for attempt in $(seq 100); do
      [ -n "$(ss -Hltn "sport = :$port")" ] && { lost=; break; }
      systemctl is-failed --quiet "$unit" && break
      sleep 0.02
    done
    [ -z "$lost" ] || echo "$lost"
  done
done`,
    { timeout: 60_000 + times * 120_000 },
  );
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

const LISTENING = "ss -Hltn | awk '{ port = $4; sub(/.*:/, \"\", port); print port }' | sort -u";
/** Some listen only after systemd takes them for started. */
const SETTLE = `for attempt in $(seq 250); do
  missing=
  listening=" $(${LISTENING} | tr '\\n' ' ') "
  for port in ${OWNERS.map(({ port }) => port).join(" ")}; do
    case "$listening" in *" $port "*) ;; *) missing=$port ;; esac
  done
  [ -z "$missing" ] && break
  sleep 0.02
done`;
