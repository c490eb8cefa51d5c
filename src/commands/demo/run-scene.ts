// Plays one scene of the demo in a sandbox: a program with a chosen process id asks for privileged ports, then the owner for its own.
import path from "node:path";
import { nativeFolder } from "../../core/native.ts";
import { AppError } from "../../system/app-error.ts";
import { pidexecPath, runInSandbox, type SandboxKind } from "../../system/sandbox/sandbox.ts";

export interface Thief {
  readonly name: string;
  /** What it is, for a person who has not heard of it. */
  readonly about: string;
  readonly command: readonly string[];
  /** Whether it is a real daemon, which gives up root for another user and needs rpcbind. */
  readonly daemon: boolean;
  /** Programs that must be on the search path. */
  readonly programs: readonly string[];
  /** Folders it writes. */
  readonly overlays: readonly string[];
  /** Its RPC program number, for asking whether it serves; 0 for none. */
  readonly rpcProgram: number;
}

const probe = path.join(nativeFolder(), "portreserve-probe");
const staticProbe = path.join(nativeFolder(), "portreserve-probe-static");

/** In order of preference; the last one works everywhere. */
export const THIEVES: readonly [...(readonly Thief[]), Thief] = [
  {
    name: "rpc.statd",
    about: "the NFS status monitor of this machine",
    command: ["rpc.statd", "-F", "--no-notify"],
    daemon: true,
    programs: ["rpc.statd", "rpcbind"],
    overlays: ["/var/lib/nfs"],
    rpcProgram: 100024,
  },
  {
    name: "ypserv",
    about: "the NIS server of this machine",
    command: ["ypserv", "-f"],
    daemon: true,
    programs: ["ypserv", "rpcbind"],
    overlays: ["/var/yp"],
    rpcProgram: 100004,
  },
  {
    name: "portreserve-probe",
    about: "allocates ports as daemons do",
    command: [probe, "--symbol", "bindresvport", "--protocol", "udp", "--hold"],
    daemon: false,
    programs: [],
    overlays: [],
    rpcProgram: 0,
  },
];

/** Linked statically, with a loop of its own on bind(), as programs in Go have: nothing of it can be replaced. */
export const STATIC_THIEF: Thief = {
  name: "portreserve-probe-static",
  about: "a static program with its own loop on bind()",
  command: [staticProbe, "udp", "any", "hold"],
  daemon: false,
  programs: [],
  overlays: [],
  rpcProgram: 0,
};

export interface SceneRequest {
  readonly kind: SandboxKind;
  readonly thief: Thief;
  readonly pid: number;
  /** The port that its owner then binds. */
  readonly port: number;
  /** Value of LD_PRELOAD for the thief, or undefined for the scene without the shim. */
  readonly preload: string | undefined;
  /** The program that holds the ports of etc's portreserve.hold, or undefined for a scene without it. */
  readonly holder: string | undefined;
  /** Whether the owner sets SO_REUSEADDR, and listens. */
  readonly ownerShares: boolean;
  /** Files of the private /etc, by path below it. */
  readonly etc: Readonly<Record<string, string | Uint8Array>>;
}

/** What the script printed, for `readScene`. Throws AppError when the sandbox broke. A folder that the host lacks is a failed scene. */
export async function playScene(request: SceneRequest): Promise<string> {
  const { kind, thief, pid, port, preload, holder, ownerShares, etc } = request;
  const result = await runInSandbox(kind, {
    script: SCRIPT,
    args: thief.command,
    // libtirpc honours the blacklist of nine ports, glibc does not: without it, both show what they do with all others.
    etc: { "ld.so.preload": "", "bindresvport.blacklist": "", ...etc },
    overlays: thief.overlays,
    empty: thief.daemon ? ["/run"] : [],
    timeout: 30_000,
    environment: {
      PIDEXEC: pidexecPath(),
      PROBE: probe,
      PRELOAD: preload ?? "",
      HOLDER: holder ?? "",
      SHARING_OWNER: ownerShares ? staticProbe : "",
      THIEF: String(pid),
      PORT: String(port),
      PROGRAMS: thief.programs.join(" "),
      RPC: String(thief.rpcProgram),
    },
  });
  switch (result.outcome) {
    case "ended":
      if (result.status !== 0) throw new AppError("incomplete", `the sandbox failed: ${result.stderr.trim()}`);
      return result.stdout;
    case "timeout":
      throw new AppError("incomplete", `'${thief.name}' hung in the sandbox and was killed`, "run the demo again");
    case "impossible":
      return `== failed\n${result.reason}\n`;
    default:
      return result satisfies never;
  }
}

/** A program counts as settled when it has a socket on a port 512 to 1023 (hex 0200 to 03FF) and opens no more for a while. */
const SCRIPT = `set -u
fail() { echo "== failed"; echo "$1"; cat "$SCRATCH/errors" 2>/dev/null; exit 0; }
until_works() {
  for attempt in $(seq 150); do "$@" && return 0; sleep 0.02; done
  return 1
}
for program in $PROGRAMS; do command -v "$program" >/dev/null || fail "this machine has no '$program'"; done
if [ "$RPC" -gt 0 ]; then
  rpcbind 2>"$SCRATCH/errors" || fail "rpcbind did not start"
  until_works test -S /run/rpcbind.sock || fail "rpcbind did not answer"
fi
if [ -n "$HOLDER" ]; then
  "$HOLDER" --state "$SCRATCH/hold.json" 2>"$SCRATCH/errors" &
  until_works test -s "$SCRATCH/hold.json" || fail "portreserve-hold did not start"
fi
inodes() { ls -l "/proc/$THIEF/fd" 2>/dev/null | sed -n 's/.*socket:\\[\\([0-9]*\\)\\]$/\\1/p'; }
settled() {
  before=$(inodes)
  for inode in $before; do
    if cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null |
      grep -Eq "^ *[0-9]+: [0-9A-F]+:0[23][0-9A-F]{2} .* $inode "
    then
      sleep 0.05
      [ "$(inodes)" = "$before" ] && return 0
      return 1
    fi
  done
  kill -0 "$starter" 2>/dev/null || fail "it did not start"
  return 1
}
if [ -n "$PRELOAD" ]; then
  LD_PRELOAD=$PRELOAD "$PIDEXEC" --pid "$THIEF" -- "$@" >/dev/null 2>"$SCRATCH/errors" &
else
  "$PIDEXEC" --pid "$THIEF" -- "$@" >/dev/null 2>"$SCRATCH/errors" &
fi
starter=$!
until_works settled || fail "it took no privileged port"
# On a busy machine a daemon may have paused only: it is up when it answers, and may have opened more until then.
answers=
serves() { answers=$(rpcinfo -u 127.0.0.1 "$RPC" 2>/dev/null); }
if [ "$RPC" -gt 0 ] && command -v rpcinfo >/dev/null && until_works serves; then
  until_works settled || fail "it took no privileged port"
fi
echo "== executable"; readlink "/proc/$THIEF/exe"
echo "== inodes"; inodes
for table in tcp tcp6 udp udp6; do
  echo "== net $table"
  # Where IPv6 is off there is no such table.
  if [ -r "/proc/net/$table" ]; then cat "/proc/net/$table"; fi
done
for protocol in tcp udp; do
  echo "== owner $protocol"
  if [ -n "$SHARING_OWNER" ]; then
    "$SHARING_OWNER" $protocol "$PORT" share || :
  else
    "$PROBE" --symbol bind --port "$PORT" --protocol $protocol || :
  fi
done
if [ -n "$answers" ]; then
  echo "== answers"; echo "$answers"
fi
exit 0
`;
