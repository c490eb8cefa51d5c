// The verbs that write and take away lines of /etc/portreserve: a part of the registry.
import { incomplete, privilege, usage } from "./outcomes.ts";
import type { Verb } from "./verb.ts";

export const reserveVerbs = {
  reserve: {
    name: "reserve",
    synopsis: "UNIT | [NAME] PORT[/PROTO]…",
    arity: [1, Number.POSITIVE_INFINITY],
    completes: ["units", "owners"],
    summary: "reserve the ports that a service or socket listens on, or ports by number",
    description:
      "Writes reservations into a file of /etc/portreserve. Of a UNIT alone it finds the privileged ports that it listens " +
      "on, by the sockets that it has now and by its socket unit; start it before, so that there is something to find. With " +
      "ports it reserves just these, for both protocols unless one is named: in the file NAME, or else in the one that asks " +
      "for them already, or one named after the unit that has them now, or after the service that they are known for. A " +
      "file that is there keeps its lines, and gets only what is missing. A port that a service has taken because it was " +
      "free is left out, unless there is --force: its next start takes another one.",
    options: ["dry-run", "force", "no-wait", "json"],
    refuses: ["root"],
    examples: [
      ["portreservectl reserve cups --dry-run", "show the file as a diff, and write nothing"],
      ["portreservectl reserve cups", "reserve what CUPS listens on"],
      ["portreservectl reserve cups 631/tcp", "reserve this port for CUPS, whether it runs or not"],
      ["portreservectl reserve 631", "for whichever service has it, TCP and UDP"],
    ],
    outcomes: [
      ["done", "written, or it was already reserved"],
      ["no", "there is no such unit, or it listens on no privileged port, or on none that anybody has chosen"],
      usage,
      ["incomplete", "what it listens on cannot be seen, or the file could not be written"],
      privilege,
      ["unsafe", "something in the file's place is not ours to change"],
    ],
    load: async () => (await import("../commands/reserve.ts")).reserve,
  },
  unreserve: {
    name: "unreserve",
    synopsis: "[NAME] PORT[/PROTO]… | NAME",
    arity: [1, Number.POSITIVE_INFINITY],
    completes: ["owners", "ports"],
    summary: "no longer reserve these ports",
    description:
      "Takes the lines for these ports out of the file NAME of /etc/portreserve, or of every file that asks for them; of a " +
      "NAME alone, all of its ports. A line that asks for others too keeps those. A file that only portreservectl has " +
      "written goes with its last port. A port that is held or blocked is refused: unhold lets it go first.",
    options: ["dry-run", "no-wait", "root", "json"],
    examples: [
      ["portreservectl unreserve 631/udp", "whichever file asks for it"],
      ["portreservectl unreserve cups --dry-run", "show as a diff what would go of all that CUPS has reserved"],
    ],
    outcomes: [
      ["done", "no longer reserved, or it was not"],
      ["usage", "neither a port, an owner nor a service"],
      incomplete,
      privilege,
      ["unsafe", "a port is held or blocked, or something in a file's place is no file"],
    ],
    load: async () => (await import("../commands/reservations/unreserve.ts")).unreserve,
  },
} as const satisfies Readonly<Record<string, Verb>>;
