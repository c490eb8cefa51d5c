// Where the cures are applied: a host with an open root shell, and another root with the broken one mounted in it.
import { spawnSync } from "node:child_process";
import { runInSandbox, type SandboxKind } from "../../src/system/sandbox/sandbox.ts";
import { sandboxSupport } from "../../src/system/sandbox/sandbox-support.ts";
import { skipFor, skipReason } from "../support/can.ts";
import { type Broken, etcWith, LIBRARY, LIST } from "./broken-libraries.ts";

/** Where a root of the tests has its static BusyBox, whose name the page takes for granted. */
const STATIC = "/static";

/** What scripts share, here and inside of other roots. Once the list is broken they can start no program but the one that shows it. */
export const PRELUDE = `set -u
tell() {
  if { ${"$"}{IN:+chroot "$IN"} /bin/true; } 2>/dev/null; then echo "$1: programs run"; else echo "$1: programs fail"; fi
}
breaks() { echo ${LIBRARY} > "${"$"}{1:-}${LIST}"; tell broken; }
# The host's programs at $1, with an /etc of their own.
root() {
  mkdir -p "$1/etc" "$1/proc" "$1/dev" "$1/run"
  for name in /usr /bin /sbin /lib /lib32 /libx32 /lib64; do
    if [ -L "$name" ]; then cp -P "$name" "$1$name"; elif [ -d "$name" ]; then mkdir "$1$name"; mount --rbind "$name" "$1$name"; fi
  done
  mount --rbind /proc "$1/proc"
  mount --rbind /dev "$1/dev"
}
# A file system at $1 that holds a root with the library, and a list without entries.
broken_root() {
  mkdir -p "$1"
  mount -t tmpfs -o mode=755 portreserve-sandbox "$1"
  root "$1"
  if [ -e ${LIBRARY} ]; then cp ${LIBRARY} "$1${LIBRARY}"; fi
  mkdir "$1${STATIC}"
  if [ -n "$BUSYBOX" ]; then cp "$BUSYBOX" "$1${STATIC}/busybox"; fi
  : > "$1${LIST}"
}
`;

export interface Room {
  readonly library?: Broken | "is whole";
  /** Which shell is open when the host breaks; dash by default. */
  readonly shell?: "dash" | "bash";
  readonly args?: readonly string[];
  readonly etc?: Readonly<Record<string, string>>;
  readonly kind?: SandboxKind;
}

export interface Seen {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script in a sandbox that has the library ready; `breaks` puts it into the list. Throws when it does not end by itself. */
export async function inRoom(script: string, room: Room = {}): Promise<Seen> {
  const { library = "is cut short", shell = "dash", args = [], etc, kind } = room;
  const support = await sandboxSupport();
  if (!support.works) throw new Error(support.reason);
  const result = await runInSandbox(kind ?? support.kind, {
    script: `cat > "$SCRATCH/room" <<'END OF ROOM'\n${PRELUDE}${script}\nEND OF ROOM\nexec ${shell} "$SCRATCH/room" "$@"\n`,
    args,
    etc: { ...etcWith(library), ...etc },
    environment: {
      PATH: `${STATIC}:/usr/sbin:/usr/bin:/sbin:/bin`,
      BUSYBOX: busybox ?? "",
    },
  });
  if (result.outcome === "impossible") throw new Error(`the sandbox could not be made: ${result.reason}`);
  if (result.outcome === "timeout") throw new Error(`the sandbox hung:\n${result.stdout}\n${result.stderr}`);
  return { stdout: result.stdout, stderr: result.stderr };
}

const found = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).stdout.trim();
// The loader lists the libraries of a dynamic program instead of running it; a static one runs.
const isStatic =
  found !== "" && spawnSync(found, ["true"], { encoding: "utf8", env: { LD_TRACE_LOADED_OBJECTS: "1" } }).stdout === "";
const busybox = isStatic ? found : undefined;

/** Undefined where there is a BusyBox that needs no loader, else why not. */
export function noBusybox(): string | undefined {
  return skipFor(busybox === undefined ? "no static 'busybox': install the package busybox-static" : undefined);
}

export function noKlibc(): string | undefined {
  return skipReason({ program: "/usr/lib/klibc/bin/sh", package: "klibc-utils" });
}

/** Undefined where a sandbox's file can be made immutable, else why not. */
export async function noImmutable(): Promise<string | undefined> {
  const reason = skipReason("root", { program: "chattr", package: "e2fsprogs" });
  if (reason !== undefined) return reason;
  const trial = `mkdir "$SCRATCH/trial"; broken_root "$SCRATCH/trial"; cd "$SCRATCH/trial/etc"
: > file; chattr +i file && ! mv file other && chattr -i file && echo works`;
  const { stdout } = await inRoom(trial, { kind: "root" }).catch((error: unknown) => ({ stdout: String(error) }));
  return skipFor(stdout === "works\n" ? undefined : "no file can be made immutable here");
}
