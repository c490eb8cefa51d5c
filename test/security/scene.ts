// The stage of the attacks: a whole throwaway host, a user of it who has witnesses, and the manager that is attacked.
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { scratch } from "../support/cli.ts";
import { type Host, noHost, onHost, packageAt } from "../support/host.ts";
import type { Steps } from "../support/steps.ts";
import { bundleTheOldWay } from "./old-way/bundle.ts";
import { isHostRoot, LOG, layWitnesses, type Seen, seenIn, told } from "./witnesses.ts";

export const notHere = await noHost();

/** The one who attacks: nobody, in numbers. */
const USER = 65_534;

/** A manager to attack, laid out as npm does it. `isFixed`: the one of this checkout; else one that starts programs as of old. */
export interface Manager {
  readonly name: string;
  readonly isFixed: boolean;
  /** Its main file. */
  readonly main: () => Promise<string>;
}

const packages = new Map<string, Promise<string>>();

function once(name: string, make: () => Promise<string>): () => Promise<string> {
  return () => {
    const made = packages.get(name) ?? make();
    packages.set(name, made);
    return made;
  };
}

export const fixed: Manager = {
  name: "this manager",
  isFixed: true,
  main: once("fixed", async () => packageAt(path.join(scratch(), "package"))),
};

export const control: Manager = {
  name: "one of old (the control)",
  isFixed: false,
  main: once("control", async () => {
    const main = packageAt(path.join(scratch(), "package"));
    await bundleTheOldWay(main);
    return main;
  }),
};

export interface Attacked {
  readonly step: Steps;
  /**
   * What the witnesses have said since `begin NAME`, but for those that the manager's own process has loaded: its caller's
   * environment is its own.
   */
  readonly seen: (name: string) => readonly Seen[];
}

/** What every attack's script finds in its environment beside what `onHost` gives it. */
export interface Attack extends Omit<Host, "manager"> {
  readonly main: string;
  /** Puts more into the user's folder before it becomes his. */
  readonly prepare?: (folder: string) => void;
}

/**
 * Runs the script as root on a throwaway host. $MINE is a folder of a user's with all kinds of witnesses in it, `$USER
 * COMMAND…` runs a command as that user, $VICTIM waits to be verified, $SECRET runs a command in a session with a secret.
 * `hold COMMAND…` starts one in the background, and waits until it is ready; $held is its process id. `begin NAME` begins a chapter of what the witnesses say, for `seen`.
 */
export async function attack(script: string, { main, prepare, environment, ...host }: Attack): Promise<Attacked> {
  const folder = path.join(scratch(), "mine");
  mkdirSync(folder);
  layWitnesses(folder);
  prepare?.(folder);
  give(folder);
  const step = await onHost(PRELUDE + script, {
    ...host,
    manager: main,
    noisy: true,
    timeout: 280_000,
    environment: {
      MINE: folder,
      VICTIM: path.join(folder, "victim"),
      SECRET: path.join(folder, "keep-secret"),
      ...environment,
    },
  });
  const chapters = new Map(
    readFileSync(path.join(folder, LOG), "utf8")
      .split("begin ")
      .map((text) => [text.split("\n", 1)[0] ?? "", seenIn(text.slice(text.indexOf("\n")))]),
  );
  return {
    step,
    seen: (name) => {
      const seen = chapters.get(name);
      if (seen === undefined) throw new Error(`there is no chapter '${name}'`);
      return seen.filter(({ cmd }) => !cmd.includes(` ${main} `));
    },
  };
}

const PRELUDE = `USER="setpriv --reuid=${USER} --regid=${USER} --clear-groups --"
begin() { echo "begin $1" >>"$MINE/${LOG}"; }
hold() {
  : >"$SCRATCH/held"
  "$@" >"$SCRATCH/held" 2>"$SCRATCH/held-errors" & held=$!
  until grep -qs ready "$SCRATCH/held"; do kill -0 $held || { cat "$SCRATCH/held-errors" >&2; exit 9; }; sleep 0.02; done
}
`;

/** To the user, with all that is in it. */
function give(folder: string): void {
  chownSync(folder, USER, USER);
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) give(file);
    else if (!entry.isSymbolicLink()) chownSync(file, USER, USER);
  }
}

/** Who of them had root's rights over the host. */
export function asRoot(seen: readonly Seen[]): readonly string[] {
  return [...new Set(seen.filter(isHostRoot).map(told))];
}
