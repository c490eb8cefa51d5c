// Every verb of portreservectl as data: arguments, options and help are made from this, the code is loaded on demand.
import { exportVerb } from "./export-verb.ts";
import { holdVerbs } from "./hold-verbs.ts";
import { migrateVerb } from "./migrate-verb.ts";
import { incomplete, privilege, unsafePath, usage } from "./outcomes.ts";
import { reclaimVerb } from "./reclaim-verb.ts";
import { reserveVerbs } from "./reserve-verbs.ts";
import { showingVerbs } from "./showing-verbs.ts";
import type { Verb } from "./verb.ts";

export const verbs: readonly Verb[] = [
  showingVerbs.status,
  {
    name: "check",
    synopsis: "",
    arity: [0, 0],
    summary: "read the configuration, show what is wrong with it, write nothing",
    description:
      "Reads every file in /etc/portreserve, /etc/services and /etc/bindresvport.blacklist, and shows what is " +
      "rejected and why, what may not mean what it seems to, how much is reserved and held, and whether the table in force " +
      "was compiled from just these files. A table that is stale or missing is reported but is no error: run " +
      "check before compile.",
    options: ["no-blacklist", "verbose", "root", "json"],
    examples: [
      ["portreservectl check", "after editing a file, before compile"],
      ["portreservectl check --root /srv/image", "the configuration of an image or chroot"],
    ],
    outcomes: [["done", "nothing was rejected"], ["no", "something was rejected"], usage, incomplete, privilege],
    load: async () => (await import("../commands/check.ts")).check,
  },
  {
    name: "compile",
    synopsis: "",
    arity: [0, 0],
    summary: "compile the configuration into the table that every program consults",
    description:
      "Compiles the configuration into /etc/portreserve.table. Running programs notice the new table at their next " +
      "request. Lines that are wrong are reported and left out, all others take effect. Unchanged input writes " +
      "nothing; a table that is damaged, retired or unreadable for other users is written again. Killed at any " +
      "moment, it leaves the old table or the new one. What lines with the word 'hold' or 'block' ask for goes into " +
      "/etc/portreserve.hold once the table is in force, and portreserve-hold reads it again.",
    options: ["dry-run", "strict", "force", "no-blacklist", "no-wait", "settle", "verbose", "root", "json"],
    examples: [
      ["portreservectl compile", "make the configuration take effect"],
      ["portreservectl compile --dry-run", "show which ports would be added and removed"],
      ["portreservectl compile --strict", "keep the old table if anything is wrong"],
    ],
    outcomes: [
      ["done", "the table is up to date"],
      ["no", "something was rejected (without --strict the rest is in the table)"],
      usage,
      incomplete,
      privilege,
      [
        "unsafe",
        "refused: too few ports would be left to hand out, or to the kernel beside held ones, or the table, the file of " +
          "held ports or the lock is no file",
      ],
    ],
    load: async () => (await import("../commands/compile.ts")).compile,
  },
  {
    name: "install",
    synopsis: "",
    arity: [0, 0],
    summary: "put the shim into every program of the host, or into single services",
    description:
      "Copies the shim to where the loader of each kind of program finds it, tries it on the host's own programs, compiles " +
      "the table, adds one line to /etc/ld.so.preload, and proves that a program started then is covered. Where systemd " +
      "runs, portreserve.service and its path units follow changes of the configuration. Anything that fails takes all of " +
      "it back; killed at any moment, it leaves a host that works. With --unit only these services are covered, each " +
      "by a drop-in that keeps what it preloads already; with --high-ports it gives them ports from 1024 up, for services that " +
      "need no privileged one: servers that insist on one refuse them. What somebody else has put in the place of any of these files is " +
      "never overwritten. Run again, it changes only what a newer version has changed.",
    options: ["dry-run", "restart", "unit", "high-ports", "now", "no-wait", "verbose", "root", "json"],
    examples: [
      ["portreservectl install --dry-run", "show every change as a diff, and make none"],
      ["portreservectl install", "cover every program that starts from now on"],
      ["portreservectl install --restart", "that, and every service that hands out ports and runs already"],
      ["portreservectl install --unit ypbind rpc-statd --now", "cover two services, and restart them"],
      ["portreservectl install --unit ypbind --high-ports --now", "have it take no privileged port at all"],
      ["portreservectl install --root /srv/image", "prepare an image or chroot; nothing in it is run"],
    ],
    outcomes: [
      ["done", "installed, or it was already"],
      ["no", "some lines of the configuration were rejected (the rest is in force), or there is no such unit"],
      usage,
      incomplete,
      privilege,
      [
        "unsafe",
        "refused: the shim does not suit this host, or something in its places is not ours; nothing was changed",
      ],
    ],
    load: async () => (await import("../commands/install/install.ts")).install,
  },
  {
    name: "uninstall",
    synopsis: "",
    arity: [0, 0],
    summary: "take away everything that install has put on the host",
    description:
      "Goes backwards through install: first the line in /etc/ld.so.preload, then the units, the manager, the shim and " +
      "the table. Every other byte of the list stays, and so do the files in /etc/portreserve but for the one of the mechanism " +
      "fixed, which goes with all mechanisms. While a drop-in uses the shim, the shim and its table stay too. With --unit " +
      "only the drop-ins of these services go.",
    options: ["dry-run", "unit", "now", "no-wait", "root", "json"],
    examples: [
      ["portreservectl uninstall --dry-run", "show every change as a diff, and make none"],
      ["portreservectl uninstall", "as if it had never been there"],
      ["portreservectl uninstall --root /mnt", "from a rescue system, on the broken one"],
    ],
    outcomes: [
      ["done", "removed, or it was not installed"],
      ["no", "there is no such unit"],
      usage,
      incomplete,
      privilege,
      ["unsafe", "something in its places is not ours, and was left there"],
    ],
    load: async () => (await import("../commands/install/uninstall.ts")).uninstall,
  },
  migrateVerb,
  showingVerbs.list,
  showingVerbs.lookup,
  showingVerbs.map,
  showingVerbs.verify,
  reserveVerbs.reserve,
  reserveVerbs.unreserve,
  holdVerbs.hold,
  holdVerbs.unhold,
  reclaimVerb,
  exportVerb,
  {
    name: "mechanisms",
    synopsis: "[NAME…] | apply NAME… | remove NAME…",
    arity: [0, Number.POSITIVE_INFINITY],
    words: ["apply", "remove", "nfs-range", "noresvport", "ephemeral", "fixed", "high-ports"],
    summary: "keep reserved ports from the kernel's NFS client and own choice, and RPC daemons to fixed ports",
    description:
      "Shows each mechanism beside the shim: what it guards against, how it stands on this host, and what it does, or would " +
      "do, in numbers. nfs-range keeps the kernel's NFS client to the longest run of ports that nothing reserves; noresvport " +
      "has NFS mounts take no privileged port; ephemeral adds the reserved ports to the kernel's list of those that it does " +
      "not choose; fixed gives the RPC daemons of NFS, NIS and quotas that are installed a port each, instead of whatever is " +
      "free when they start, and reserves it in /etc/portreserve/fixed; high-ports are services that take no privileged port, " +
      "each by 'install --unit UNIT --high-ports'. apply puts them in force now and after each boot, and " +
      "compile keeps them so when reservations change, but for fixed, whose numbers stay; with --now services that run are " +
      "restarted, where that is needed. remove takes away just that again, as uninstall does with all of them. What others have set stays.",
    options: ["dry-run", "now", "force", "no-wait", "root", "json"],
    examples: [
      ["portreservectl mechanisms", "how each one stands, in numbers"],
      ["portreservectl mechanisms apply nfs-range --dry-run", "show every change as a diff, and make none"],
      ["portreservectl mechanisms apply nfs-range ephemeral", "put both in force"],
      [
        "portreservectl mechanisms apply fixed --now",
        "a port of its own for each RPC daemon, and restart those that run",
      ],
      ["portreservectl mechanisms remove nfs-range", "as if it had never been there"],
    ],
    outcomes: [
      ["done", "shown, applied or removed, or there was nothing to change"],
      usage,
      incomplete,
      privilege,
      [
        "unsafe",
        "refused: it would cost more than it gives, which --force overrules, or something in its places is not ours",
      ],
    ],
    load: async () => (await import("../commands/mechanisms/mechanisms.ts")).mechanisms,
  },
  {
    name: "run",
    synopsis: "[--] COMMAND [ARGUMENT…]",
    arity: [1, Number.POSITIVE_INFINITY],
    summary: "run one command that never gets a reserved port",
    description:
      "Runs COMMAND with the shim at the front of LD_PRELOAD, keeping what is there. No root is needed and nothing is " +
      "installed. The command takes this process's place: its process id, signals, terminal and exit code are its own. " +
      "If the table is missing or damaged, run says so and runs the command all the same. Limits: setuid programs " +
      "ignore LD_PRELOAD; static and Go programs are not covered, musl ones only if they have bindresvport from a shared " +
      "library, and 32-bit ones only where a shim for them " +
      "is installed; Node, which this program needs, raises the soft limit on open files (`ulimit -Sn` in a shell " +
      "sets it again) and takes back what nohup did, so write nohup after run.",
    options: [],
    examples: [
      ["portreservectl run -- rpc.statd --no-notify", "one daemon"],
      ["portreservectl run sh -c 'ulimit -Sn 1024; exec ypbind'", "with an ordinary limit on open files"],
      ["portreservectl run nohup ypbind", "with SIGHUP ignored"],
    ],
    outcomes: [
      usage,
      ["incomplete", "the shim is missing, or the command could not be started"],
      unsafePath,
      ["not-executable", "the command cannot be executed"],
      ["not-found", "the command does not exist"],
    ],
    passThrough: true,
    load: async () => (await import("../commands/run.ts")).run,
  },
  {
    name: "demo",
    synopsis: "",
    arity: [0, 0],
    summary: "watch a port being stolen, and then not, in a throwaway sandbox",
    description:
      "Shows the theft of port 631 and its prevention with real programs, in private namespaces with a private /etc. " +
      "Nothing on the host changes. It works as any user where user namespaces are allowed, and as root otherwise.",
    options: ["verbose", "json"],
    examples: [["portreservectl demo", "takes a second or two"]],
    outcomes: [
      ["done", "the theft was shown, and was prevented"],
      ["no", "something else happened"],
      usage,
      ["incomplete", "the sandbox could not be set up, or standard output could not be written"],
      unsafePath,
    ],
    load: async () => (await import("../commands/demo/demo.ts")).demo,
  },
  {
    name: "completion",
    synopsis: "bash | zsh | fish",
    arity: [1, 1],
    summary: "print a completion script for a shell",
    description:
      "Prints a script that completes verbs, options, and what of this host they may be about: services, owners, reserved " +
      "ports, processes. To be saved where the shell looks for such files.",
    options: [],
    examples: [
      [
        "portreservectl completion bash > ~/.local/share/bash-completion/completions/portreservectl",
        "for the user's next shell",
      ],
      ["portreservectl completion zsh > /usr/local/share/zsh/site-functions/_portreservectl", "for every user of zsh"],
      ["portreservectl completion fish > ~/.config/fish/completions/portreservectl.fish", "for the user's fish"],
    ],
    outcomes: [
      ["done", "printed"],
      ["usage", "not one of these shells"],
      ["incomplete", "standard output could not be written"],
    ],
    load: async () => (await import("./completion.ts")).completionOf(verbs),
  },
];
