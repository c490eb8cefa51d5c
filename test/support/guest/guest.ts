// Boots a throwaway guest: a private layer over a root directory, with real systemd as its first process. The host is never changed.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { NODE, STAGE } from "../stage/stage.ts";
import { type Entered, enter, type RunOptions } from "./enter.ts";
import { type Engine, type Keeper, startKeeper } from "./keeper.ts";
import { STAGE_PREFIX, sweepGuests } from "./support.ts";

export interface GuestRequest {
  /** Files to find there from the first boot on, by absolute path; folders are made. Mode 0644. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /**
   * What to boot, never written: a root directory, with what goes over it before it. The host's own root by default, in
   * which the checkout, the stage (see stage.ts) and Node are shown at their own paths.
   */
  readonly lower?: readonly string[];
  /** Namespaces of our own by default. */
  readonly engine?: Engine;
  /** What starts by itself at boot: only what the guest is asked to start (the default), or all that its packages enable. */
  readonly services?: "asked" | "installed";
  /** Whether its files are all of one device, as on a host with one disk, or each layer has its own (the default). */
  readonly devices?: "one" | "many";
}

export interface Guest {
  /** What systemd says of the last boot: `running`, or `degraded` when a unit has failed. */
  readonly state: () => string;
  /** Runs a program for sh(1) as root, or as `user`, with a clean environment. Throws when it takes too long. */
  readonly run: (script: string, options?: RunOptions) => Promise<Entered>;
  /** The standard output of a program that must succeed. */
  readonly output: (script: string, options?: RunOptions) => Promise<string>;
  readonly write: (file: string, content: string | Uint8Array) => Promise<void>;
  readonly read: (file: string) => Promise<Buffer>;
  /** A real `systemctl reboot`; the files stay. */
  readonly reboot: () => Promise<void>;
  /** Powers it off, and returns when no process, mount, cgroup or folder is left. */
  readonly stop: () => Promise<void>;
  /** The id by which the host knows the guest's first process. */
  readonly leader: () => number;
  /** What the guest and its keeper have said so far. */
  readonly console: () => string;
}

/** Where this checkout is, in the guest as on the host; read-only there. */
export const CHECKOUT = path.resolve(import.meta.dirname, "../../..");

/** Boots it and waits until systemd has started all it was to start. Throws, with the console, when that does not happen. */
export async function bootGuest(request: GuestRequest = {}): Promise<Guest> {
  sweepGuests();
  const stage = mkdtempSync(path.join(tmpdir(), `${STAGE_PREFIX}${process.pid}-`));
  try {
    fill(path.join(stage, "files"), request.files ?? {});
  } catch (error) {
    rmSync(stage, { recursive: true, force: true });
    throw error;
  }
  const { engine = "unshare", services = "asked", devices = "many", lower = ["/"] } = request;
  const folders = request.lower === undefined ? [...new Set([CHECKOUT, STAGE, ...unseen(path.dirname(NODE))])] : [];
  const keeper = startKeeper({ stage, lower: lower.join(":"), engine, services, devices, folders });
  try {
    const leader = await keeper.booted(0);
    return guestOf(keeper, { leader, state: await settled(keeper, leader) });
  } catch (error) {
    await keeper.kill();
    throw error;
  }
}

function fill(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, content, { mode: 0o644 });
  }
}

/** An overlay shows one file system only: what lies on another one must be shown by itself. */
function unseen(folder: string): readonly string[] {
  return statSync(folder).dev === statSync("/").dev ? [] : [folder];
}

interface Boot {
  readonly leader: number;
  readonly state: string;
}

function guestOf(keeper: Keeper, first: Boot): Guest {
  let boot = first;
  const run: Guest["run"] = (script, options) => enter(boot.leader, script, options);
  const output: Guest["output"] = async (script, options) => {
    const { status, stdout, stderr } = await run(script, options);
    if (status !== 0) throw new Error(`in the guest, status ${status}: ${script}\n${stdout}${stderr}`);
    return stdout;
  };
  return {
    run,
    output,
    state: () => boot.state,
    leader: () => boot.leader,
    console: () => keeper.console(),
    write: async (file, input) => {
      await output('mkdir -p "$(dirname "$1")" && cat >"$1"', { args: [file], input });
    },
    read: async (file) => {
      const { status, stderr, bytes } = await run('cat "$1"', { args: [file] });
      if (status !== 0) throw new Error(stderr);
      return bytes;
    },
    reboot: async () => {
      const boots = keeper.boots();
      // The connection may break before systemctl has its answer.
      await run("systemctl reboot");
      const leader = await keeper.booted(boots);
      boot = { leader, state: await settled(keeper, leader) };
    },
    stop: () => keeper.powerOff(),
  };
}

/** Waits for the end of the start-up, at most half a minute. */
async function settled(keeper: Keeper, leader: number): Promise<string> {
  // Before systemd listens, systemctl fails at once.
  const wait = `for attempt in $(seq 1500); do [ -S /run/systemd/private ] && break; sleep 0.02; done
exec systemctl is-system-running --wait`;
  for (let attempt = 0; attempt < 50; attempt++) {
    const { stdout } = await keeper.orEnd(enter(leader, wait, { timeout: 30_000 }));
    const state = stdout.trim();
    if (state === "running" || state === "degraded" || state === "maintenance") return state;
  }
  throw new Error(`the guest did not finish its start-up:\n${keeper.console()}`);
}
