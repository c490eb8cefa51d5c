// Guests in which our units keep the table fresh, and questions to them.
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { native } from "../../src/core/native.ts";
import { enablingLinks, PATH_UNITS, recompileUnit, serviceUnit, unitTexts } from "../../src/core/systemd/unit-texts.ts";
import { BLACKLIST_FILE, OWNERS_FOLDER, SERVICES_FILE, UNIT_FOLDER } from "../../src/system/paths.ts";
import { SERVICES } from "../support/cli.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

export const WATCHED = [OWNERS_FOLDER, SERVICES_FILE, BLACKLIST_FILE] as const;
const MANAGER = { node: NODE, manager: MAIN };
export const SERVICE = serviceUnit(MANAGER);
export const AGAIN = recompileUnit(MANAGER);

/** Starts all that watches. */
export const WATCH = `systemctl start ${PATH_UNITS.join(" ")}`;
/** Makes the links with which install has the units started at boot. */
export const ENABLE = enablingLinks(UNIT_FOLDER)
  .map((link) => `mkdir -p ${path.dirname(link.path)} && ln -s ${link.target} ${link.path}`)
  .join(" && ");

/** What is to be tried instead of, or beside, the real units: by unit name, or UNIT.d/NAME.conf. */
export type Units = Readonly<Record<string, string>>;

/** The text with one part taken out or changed, which is in it exactly once. */
export function changed(text: string, part: string, by = ""): string {
  const pieces = text.split(part);
  if (pieces.length !== 2) throw new Error(`${pieces.length - 1} times in the text, not once: ${part}`);
  return pieces.join(by);
}

/** The text without these lines. */
export function without(text: string, ...lines: readonly string[]): string {
  return lines.reduce((rest, line) => changed(rest, `\n${line}\n`, "\n"), text);
}

/** A guest with the real units (not started), 600 and 601 reserved by the owner 'first', no blacklist's ports, and no table. */
export async function freshGuest(units: Units = {}, prepare = ":"): Promise<Guest> {
  const all: Units = { ...Object.fromEntries(unitTexts(WATCHED, MANAGER)), ...units };
  const guest = await bootGuest({
    files: {
      "/etc/services": SERVICES,
      "/etc/bindresvport.blacklist": "",
      ...Object.fromEntries(Object.entries(all).map(([name, text]) => [`${UNIT_FOLDER}/${name}`, text])),
    },
  });
  await guest.output(`rm -rf /etc/portreserve /etc/portreserve.table; mkdir /etc/portreserve
printf '600\\n601\\n' >/etc/portreserve/first; ${prepare}`);
  return guest;
}

/** Boots, does it, and stops whatever happened. */
export async function withGuest<T>(guest: Promise<Guest>, use: (guest: Guest) => Promise<T>): Promise<T> {
  const booted = await guest;
  try {
    return await use(booted);
  } finally {
    await booted.stop();
  }
}

/** The reserved TCP ports of the table in the guest. */
export async function tablePorts(guest: Guest): Promise<readonly number[]> {
  const decoded = native().decodeTable(await guest.read("/etc/portreserve.table"));
  if ("fault" in decoded) throw new Error(`the table is ${decoded.fault}`);
  return [...decoded.table.tcp];
}

/** Waits until systemd has nothing to do for the units any more, whatever their state is then. */
export async function quiet(guest: Guest): Promise<void> {
  await guest.output(
    `calm=0
while [ $calm -lt 5 ]; do
  calm=$((calm + 1))
  [ -z "$(systemctl list-jobs --no-legend)" ] || calm=0
  systemctl list-units --all --no-legend --state=activating,deactivating 'portreserve*' | grep -q . && calm=0
  sleep 0.02
done`,
    { timeout: 60_000 },
  );
}

/**
 * Waits until systemd sleeps, and has not been awake between two looks. That a client has gone is an event too: with it
 * still to come, systemd takes up the events after it in another order than they came.
 */
export async function asleep(guest: Guest): Promise<void> {
  const look = (): string => {
    const status = readFileSync(`/proc/${guest.leader()}/status`, "utf8");
    return /^State:\tS/m.test(status) ? (/^voluntary_ctxt_switches:.*$/m.exec(status)?.[0] ?? "") : "";
  };
  for (let before = "awake"; ; before = look()) {
    await setTimeout(20);
    if (before !== "" && before === look()) return;
  }
}

/** A line for each path unit. */
export async function pathState(guest: Guest): Promise<string> {
  const shown = await guest.output(`systemctl show -p Id,ActiveState,SubState,Result ${PATH_UNITS.join(" ")}`);
  return shown
    .trim()
    .split("\n\n")
    .map((unit) => unit.split("\n").sort().join(" "))
    .join("\n");
}

/** What `pathState` is when it is the same for all of them. */
export function everyPath(active: string, sub: string, result: string): string {
  return PATH_UNITS.map((unit) => `ActiveState=${active} Id=${unit} Result=${result} SubState=${sub}`).join("\n");
}

export const WATCHING = everyPath("active", "waiting", "success");

/** The units that have failed, ours and all others. */
export async function failedUnits(guest: Guest): Promise<readonly string[]> {
  const listed = await guest.output("systemctl list-units --failed --plain --no-legend | cut -d' ' -f1");
  return listed.split("\n").filter((unit) => unit !== "");
}

/**
 * What the journal of this boot has at the level of warnings, or above, that names us in the text or in any other field.
 * What systemd says of the units' texts before the journal runs is lost in a guest, so it is made to read them again.
 */
export async function warnings(guest: Guest): Promise<readonly string[]> {
  const entries = await guest.output("systemctl daemon-reload; journalctl --sync; journalctl -q -b -p warning -o json");
  return entries
    .split("\n")
    .filter((line) => line.includes("portreserve"))
    .map((line) => String(JSON.parse(line).MESSAGE));
}
