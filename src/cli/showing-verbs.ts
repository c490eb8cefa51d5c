// The verbs that show how things are, and change nothing: a part of the registry.
import { incomplete, privilege, usage } from "./outcomes.ts";
import type { Verb } from "./verb.ts";

export const showingVerbs = {
  status: {
    name: "status",
    synopsis: "",
    arity: [0, 0],
    summary: "show what is protected, what is not, and which reserved ports are stolen",
    description:
      "Looks at the running host and shows on one screen how the table and the preload list stand, every program that can " +
      "hand out a privileged port with its verdict (covered; not covered, with the reason and a cure; unknown), every reserved " +
      "port with its holder, and hints. Programs that need no attention are counted; --verbose lists them. What cannot be " +
      "seen is unknown, never covered: root sees everything. It reports and does not judge: verify does, by its exit code. With " +
      "--nagios it is a plugin by the Monitoring Plugins guidelines: one line with OK (0), WARNING (1: a port could be stolen), " +
      "CRITICAL (2: one is) or UNKNOWN (3: not all could be seen, or it failed), performance data, and details below.",
    options: ["watch", "prometheus", "output", "nagios", "timeout", "verbose", "json"],
    refuses: ["root"],
    examples: [
      ["portreservectl status", "one screen"],
      ["portreservectl status --watch", "drawn again whenever something changes, until Ctrl-C"],
      [
        "portreservectl status --output /var/lib/prometheus/node-exporter/portreserve.prom",
        "what portreserve-metrics.timer does each minute, for node_exporter's textfile collector",
      ],
      ["portreservectl status --nagios -t 30", "for Nagios or Icinga, as root; an answer within 30 seconds"],
      [
        "portreservectl status --json | jq -r '.ports[] | select(.state == \"stolen\") | .port'",
        "for a script: the ports that are stolen",
      ],
    ],
    outcomes: [
      ["done", "reported, whatever it found"],
      usage,
      ["incomplete", "the result could not be written"],
      privilege,
      ["unsafe", "the file for the metrics is a folder or a device; --nagios has exit codes of its own"],
    ],
    load: async () => (await import("../commands/status/status.ts")).status,
  },
  list: {
    name: "list",
    synopsis: "",
    arity: [0, 0],
    summary: "list every reservation, its owner, its line, and whether it is in the table",
    description:
      "Lists every reservation of the configuration and of the table: port and protocol, the owner, the line that " +
      "asks for it, whether the table has it, whether it is held or blocked, and the mechanism that keeps the port from being handed out. Being in the " +
      "table is not yet being covered: that takes the shim in every program that allocates, and status tells.",
    options: ["no-blacklist", "root", "json"],
    examples: [["portreservectl list", "all of it"]],
    outcomes: [["done", "listed"], ["no", "there is no table, so nothing is in force"], usage, incomplete, privilege],
    load: async () => (await import("../commands/list.ts")).list,
  },
  lookup: {
    name: "lookup",
    synopsis: "PORT[/PROTO] | NAME[/PROTO]",
    arity: [1, 1],
    completes: ["owners", "ports"],
    summary: "say whether a port is reserved, by whom, who holds it, and who could take it",
    description:
      "Answers from the table in force, which is what programs consult, and from the file of held ports, and adds the owner and line from the " +
      "configuration. It says so when the two disagree. Then it looks at the running host: who holds the port now, and " +
      "which programs could still take it, or why none can; with --root it does not. NAME is an owner (a file in " +
      "/etc/portreserve) or a service of /etc/services.",
    options: ["no-blacklist", "root", "json"],
    examples: [
      ["portreservectl lookup 631", "is 631 reserved for TCP, for UDP, by whom"],
      ["portreservectl lookup 631/udp", "one protocol"],
      ["portreservectl lookup 631 --root /srv/image", "only what the table and the configuration say"],
      ["portreservectl lookup cups", "all that an owner reserves"],
    ],
    outcomes: [
      ["done", "reserved or held (at least one of the ports asked about)"],
      ["no", "neither reserved nor held"],
      ["usage", "neither a port, an owner nor a service"],
      incomplete,
      privilege,
    ],
    load: async () => (await import("../commands/lookup/lookup.ts")).lookup,
  },
  map: {
    name: "map",
    synopsis: "",
    arity: [0, 0],
    summary: "draw the ports that can be handed out: free, reserved, held, stolen",
    description:
      "Draws the ports from 512 to 1023, which bindresvport and rresvport choose from, 64 to a row with the row's first " +
      "port in front of it, for TCP and for UDP, with a ruler, a legend, a line for each port that is stolen, and who has what is not reserved. Each state has a character of its " +
      "own, so that the picture needs no colour.",
    options: ["json"],
    refuses: ["root"],
    examples: [
      ["portreservectl map", "some thirty lines, for any terminal"],
      ["portreservectl map | grep -A8 UDP", "one protocol"],
    ],
    outcomes: [["done", "drawn"], usage, ["incomplete", "the result could not be written"]],
    load: async () => (await import("../commands/map.ts")).map,
  },
  verify: {
    name: "verify",
    synopsis: "",
    arity: [0, 0],
    summary: "prove that no program of the host can get a reserved port",
    description:
      "Starts a program as daemons are started, in a network namespace of its own, and has it allocate by every function " +
      "until nothing is left: it must get every port from 512 to 1023 but the reserved ones. Then it judges each program that " +
      "allocates, and every reserved port that is held. With --unit the proof is made in the sandbox of a service, with " +
      "--pid in the environment of a process, and only that one is judged. Nothing on the host changes. As another user " +
      "it proves the same by a user namespace, and says what only root can see.",
    options: ["one-unit", "pid", "quick", "json"],
    refuses: ["root"],
    examples: [
      ["portreservectl verify", "is everything covered"],
      ["portreservectl verify --unit ypbind", "is one service covered, by the list or by a drop-in"],
      ["portreservectl verify --json | jq .verdict", "for a script"],
    ],
    outcomes: [
      ["done", "everything is covered, and without --quick it was proved"],
      ["no", "something is not covered, or a reserved port is stolen"],
      usage,
      ["incomplete", "something cannot be seen, or no proof is possible here"],
      ["privilege", "--pid needs root"],
    ],
    load: async () => (await import("../commands/verify/verify.ts")).verify,
  },
} as const satisfies Readonly<Record<string, Verb>>;
