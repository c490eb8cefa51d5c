// The verb that packs everything for hosts without Node: a part of the registry.
import { usage } from "./outcomes.ts";
import type { Verb } from "./verb.ts";

export const exportVerb: Verb = {
  name: "export",
  synopsis: "FILE",
  arity: [1, 1],
  summary: "pack the shim, the table and the held ports into one archive for hosts without Node",
  description:
    "Compiles the configuration of this machine, or of --root, and writes FILE, a tar.gz with the table, the shim for each ABI, the " +
    "file of held ports with portreserve-hold and its unit where ports are held, the files of /etc/portreserve, and a script for " +
    "sh that does there what install does here: it refuses a host of another kind, tries the shim first, changes files by " +
    "rename, writes the preload list last, and takes everything back if anything fails. It needs no Node, and nothing is compiled " +
    "there: after a change of the configuration make a new archive, and run its script over the old one. Equal configurations give " +
    "equal bytes; SOURCE_DATE_EPOCH in the environment is the time of the files. No root is needed, and nothing on this machine changes.",
  options: ["dry-run", "force", "no-blacklist", "root", "json"],
  examples: [
    ["portreservectl export portreserve.tar.gz", "for hosts of the same architecture"],
    [
      "portreservectl export web.tar.gz --root /srv/hosts/web",
      "from the configuration in /srv/hosts/web/etc/portreserve",
    ],
    ["sudo tar -xzf portreserve.tar.gz -C /root", "on the host, with the archive copied there"],
    ["sudo sh /root/portreserve/setup install --dry-run", "say what would be written, and write nothing"],
    ["sudo sh /root/portreserve/setup install", "put it in force; again with a newer archive"],
    ["sudo sh /usr/lib/portreserve/setup check", "is it in force, and as it was installed"],
    ["sudo sh /usr/lib/portreserve/setup uninstall", "as if it had never been there"],
  ],
  outcomes: [
    ["done", "written"],
    ["no", "some lines of the configuration were rejected (the rest is in the archive)"],
    usage,
    ["incomplete", "there is no /etc/portreserve, this package lacks a native part, or FILE could not be written"],
    ["privilege", "the configuration, or the folder of FILE, is another user's"],
    ["unsafe", "too few ports would be left to hand out, or FILE is a link, a folder or a device"],
  ],
  load: async () => (await import("../commands/export/export.ts")).exportArchive,
};
