// The verbs that hold and let go ports: a part of the registry.
import { incomplete, privilege } from "./outcomes.ts";
import type { Verb } from "./verb.ts";

export const holdVerbs = {
  hold: {
    name: "hold",
    synopsis: "PORT[/PROTO] | NAME[/PROTO]…",
    arity: [1, Number.POSITIVE_INFINITY],
    completes: ["owners", "ports"],
    summary: "hold ports for their owners, so that not even the kernel can take them",
    description:
      "What is held is bound by portreserve-hold, in a way that whoever sets SO_REUSEADDR shares, as nearly every server of " +
      "TCP does, and that refuses everybody else: static and Go programs, other loops, the kernel's NFS client. An owner " +
      "without that flag could not start any more. So hold first asks the sockets that have each port now, and changes " +
      "nothing if it may not hold one of them: it names the process, and what helps. Otherwise it writes the word 'hold' behind the " +
      "port in /etc/portreserve, compiles, starts portreserve-hold.service, and says what came of each port. Owners should " +
      "be running: then nobody notices anything. NAME is an owner (a file in /etc/portreserve), which stands for every port of " +
      "its file, or a service. Of a port without a protocol that is in use with one, that one is held. " +
      "With --share an owner without that flag gets it by a library, in a drop-in of its unit, and its port is held at once.",
    options: ["block", "unchecked", "share", "unit", "now", "dry-run", "force", "no-wait", "root", "json"],
    examples: [
      ["portreservectl hold cups --dry-run", "can what CUPS has be held, and what would change"],
      ["portreservectl hold cups", "hold every port of /etc/portreserve/cups"],
      ["portreservectl hold 636/tcp 2049/tcp", "single ports, reserved before or not"],
      ["portreservectl hold 993/tcp --unchecked", "its owner is down, and is known to set SO_REUSEADDR"],
      ["portreservectl hold 161/udp --share --now", "its owner has no SO_REUSEADDR: give it that, and restart it"],
      ["portreservectl hold 69/udp --share --unit tftpd-hpa", "the same for an owner that is down"],
      ["portreservectl hold 623 664 --block", "nobody gets them: a BMC swallows what comes for these"],
    ],
    outcomes: [
      ["done", "held, or it was already"],
      ["no", "the word is written, but a port is not held yet, such as one that is stolen"],
      ["usage", "neither a port, an owner nor a service"],
      [
        "incomplete",
        "who has a port cannot be seen, portreserve-hold is not installed, or a file could not be written",
      ],
      privilege,
      [
        "unsafe",
        "refused: an owner has no SO_REUSEADDR or is down, or too few ports would be left; nothing was changed",
      ],
    ],
    load: async () => (await import("../commands/hold/hold.ts")).hold,
  },
  unhold: {
    name: "unhold",
    synopsis: "PORT[/PROTO] | NAME[/PROTO]…",
    arity: [1, Number.POSITIVE_INFINITY],
    completes: ["owners", "ports"],
    summary: "let held or blocked ports go, and keep them reserved",
    description:
      "Takes the word 'hold' or 'block' away behind these ports in every file of /etc/portreserve, compiles, and has " +
      "portreserve-hold let them go. Each stays reserved. Once nothing is held any more, portreserve-hold.service is " +
      "stopped and disabled. NAME is an owner (a file in /etc/portreserve) or a service.",
    options: ["dry-run", "force", "no-wait", "root", "json"],
    examples: [
      ["portreservectl unhold 631/udp", "its owner does not start: it has lost SO_REUSEADDR"],
      ["portreservectl unhold cups --dry-run", "show every change as a diff, and make none"],
    ],
    outcomes: [
      ["done", "let go, or it was not held"],
      ["usage", "neither a port, an owner nor a service"],
      incomplete,
      privilege,
      ["unsafe", "refused: too few ports would be left to hand out, or something in a file's place is no file"],
    ],
    load: async () => (await import("../commands/hold/unhold.ts")).unhold,
  },
} as const satisfies Readonly<Record<string, Verb>>;
