// The verb that takes the place of the portreserve daemon of old: a part of the registry.
import { privilege, usage } from "./outcomes.ts";
import type { Verb } from "./verb.ts";

export const migrateVerb: Verb = {
  name: "migrate",
  synopsis: "",
  arity: [0, 0],
  summary: "end the portreserve daemon of old, which is no longer needed, and keep its configuration",
  description:
    "Finds what is on this host of the daemon that bound ports until portrelease let them go: its program, its script, its " +
    "units, its process, and who calls portrelease. Where the table is in force already, it ends the daemon, sees to it that " +
    "nothing starts it at the next boot, and lets portreserve.service run, which has the daemon's name. The files in " +
    "/etc/portreserve stay and mean the same; lines that do not are shown. Run again, it finds nothing to do.",
  options: ["dry-run", "no-wait", "json"],
  refuses: ["root"],
  examples: [
    ["portreservectl migrate --dry-run", "say what is there and what would be done, and do nothing"],
    ["portreservectl migrate", "after 'portreservectl install'"],
  ],
  outcomes: [
    ["done", "migrated, or there was nothing to do"],
    ["no", "some lines of the configuration were rejected, or the daemon has not ended"],
    usage,
    ["incomplete", "systemd cannot be asked, or the lock is held and --no-wait was given"],
    privilege,
    ["unsafe", "refused: nothing is in force yet that could take its place"],
  ],
  load: async () => (await import("../commands/migrate/migrate.ts")).migrate,
};
