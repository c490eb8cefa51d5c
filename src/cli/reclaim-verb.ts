// The verb that takes a stolen port back: a part of the registry.
import { privilege, usage } from "./outcomes.ts";
import type { Verb } from "./verb.ts";

export const reclaimVerb: Verb = {
  name: "reclaim",
  synopsis: "PORT[/PROTO] | NAME[/PROTO] …",
  arity: [1, Number.POSITIVE_INFINITY],
  completes: ["ports"],
  summary: "give a stolen port back to its owner, without restarting the program that has it",
  description:
    "Finds who has a reserved port, and says first what it will do. A TCP socket of another program that does not listen " +
    "gets SO_REUSEADDR from outside, so that the owner can bind and listen beside it; its connection goes on. Connections " +
    "of the kernel's NFS client are ended once the port is held, and the client connects again from another one. It does " +
    "nothing to a socket that listens, to one of UDP, to a program in another network or user namespace, or to the " +
    "owner, and says what to restart instead. NAME is an owner (a file in /etc/portreserve), or a service in " +
    "the file /etc/services.",
  options: ["restart-owner", "dry-run", "no-wait", "json"],
  refuses: ["root"],
  examples: [
    ["portreservectl reclaim 631/tcp --dry-run", "say who has it and what could be done, and do nothing"],
    ["portreservectl reclaim 631/tcp --restart-owner", "take it back, and start CUPS again with it"],
    ["portreservectl reclaim cups", "all that an owner reserves"],
  ],
  outcomes: [
    ["done", "its owner has it, or can have it now; with --restart-owner, has it"],
    ["no", "some port cannot be reclaimed, or its owner does not have it after the restart"],
    usage,
    ["incomplete", "the host could not be looked at, or the lock is held and --no-wait was given"],
    privilege,
    ["unsafe", "the lock is no file"],
  ],
  load: async () => (await import("../commands/reclaim/reclaim.ts")).reclaim,
};
