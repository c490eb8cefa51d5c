// Two views of one guest: what ss and /proc say of sockets and of programs that allocate, and what the manager says.
import type { Guest } from "../../support/guest/guest.ts";

/**
 * Nothing here is asked as the manager asks: names of functions are looked for as bytes anywhere in mapped files. Of each
 * process with such a file: id, capabilities, the shim that it has mapped, the table that it finds, AT_SECURE, its program.
 */
const LOOK = `ss -Hantup
echo --
ls -d /proc/[0-9]* | sed 's,$,/maps,' | xargs cat 2>/dev/null |
  awk '$2 ~ /x/ && $6 ~ "^/" && $6 !~ "/(libc[.]so[.]6|libportreserve[.]so|portreserve-pidexec)$" { print $6 }' | sort -u |
  xargs -r grep -l -e bindresvport -e rresvport >/run/allocating
for process in $(ls /proc | grep '^[0-9]'); do
  awk '$2 ~ /x/ { print $6 }' "/proc/$process/maps" 2>/dev/null | grep -qxF -f /run/allocating || continue
  echo "$process" "$(awk '/^CapPrm/ { print $2 }' "/proc/$process/status")" \\
    "$(awk '$6 ~ /libportreserve/ { at = $6 } END { print at ? at : "-" }' "/proc/$process/maps")" \\
    "$(stat -L -c %d:%i "/proc/$process/root/etc/portreserve.table" 2>/dev/null || echo -)" \\
    "$(od -A n -t u8 -w16 "/proc/$process/auxv" | awk '$1 == 23 { print $2 }')" "$(readlink "/proc/$process/exe")" \\
    "$(awk 'FNR == NR { if (/^Seccomp_filters/) host = $2; next } /^Seccomp_filters/ { print ($2 > host) + 0 }' /proc/1/status "/proc/$process/status")" "$(grep -c ' /etc/portreserve[.]table$' "/proc/$process/maps")"
done
echo --
stat -L -c %d:%i /etc/portreserve.table 2>/dev/null || echo -
echo --
for process in $(ls /proc | grep '^[0-9]'); do
  echo "$process $(readlink "/proc/$process/exe")"
done | grep ' /'`;

export interface Allocating {
  readonly pid: number;
  readonly program: string;
  /** The path of the shim that it has mapped. */
  readonly shim: string | undefined;
  /** It finds the guest's table where it looks for one. */
  readonly sameTable: boolean;
  /** The kernel told its loader so: AT_SECURE. */
  readonly secure: boolean;
  /** A seccomp filter judges its calls, and it has no table mapped that went through it. */
  readonly filtered: boolean;
}

/** What both views say, in the same words. */
export interface View {
  /** "749/tcp 0.0.0.0 listening kadmind 104", sorted: of all ports below 1024. */
  readonly holders: readonly string[];
  /** Those that may use privileged ports. */
  readonly allocating: readonly Allocating[];
  /** How many may not. */
  readonly powerless: number;
}

/** The kernel's view. */
export async function lookAtProc(guest: Guest): Promise<View> {
  const [sockets = "", allocating = "", [table] = [], programs = ""] = (await guest.output(LOOK, { timeout: 120_000 }))
    .split("--\n")
    .map((part, at) => (at === 2 ? part.split("\n") : part)) as [string, string, string[], string];
  const exe = new Map(lines(programs).map((line) => [line.split(" ")[0], line.replace(/^\d+ .*\//, "")]));
  const all = lines(allocating).map((line) => {
    const [pid, capabilities, shim, found, secure, program, seccomp, mapped] = line.split(" ");
    return {
      mayBind: (BigInt(`0x${capabilities}`) & NET_BIND_SERVICE) !== 0n,
      is: {
        pid: Number(pid),
        program: program ?? "",
        shim: shim === "-" ? undefined : shim,
        sameTable: table !== "-" && found === table,
        secure: secure === "1",
        filtered: seccomp === "1" && mapped === "0",
      },
    };
  });
  return {
    holders: lines(sockets)
      .flatMap((line) => holdersOf(line, exe))
      .sort(),
    allocating: all.filter(({ mayBind }) => mayBind).map(({ is }) => is),
    powerless: all.filter(({ mayBind }) => !mayBind).length,
  };
}

const NET_BIND_SERVICE = 1n << 10n;
const STATES: Readonly<Record<string, string>> = { LISTEN: "listening", UNCONN: "bound", ESTAB: "connected" };

function holdersOf(line: string, exe: ReadonlyMap<string | undefined, string>): string[] {
  const [protocol, state = "", , , local = "", , users = ""] = line.split(/\s+/);
  const colon = local.lastIndexOf(":");
  const port = Number(local.slice(colon + 1));
  if (port >= 1024 || state === "TIME-WAIT") return [];
  const address = local
    .slice(0, colon)
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/^\*$/, "::")
    .replace(/%\w+$/, "");
  const pids = new Set([...users.matchAll(/pid=(\d+)/g)].map(([, pid]) => pid));
  return [...pids].map((pid) => `${port}/${protocol} ${address} ${STATES[state] ?? state} ${exe.get(pid)} ${pid}`);
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** What of `status --json` is compared. */
export interface Status {
  readonly verdict: string;
  readonly allocators: readonly {
    readonly kind: string;
    readonly pid: number | null;
    readonly program: string;
    readonly unit: string | null;
    readonly verdict: string;
    readonly reason: string | null;
  }[];
  readonly ports: readonly PortRow[];
  readonly excluded: { readonly powerless: number };
  readonly libraries: readonly { readonly path: string }[];
}

export interface PortRow {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly owners: readonly string[];
  readonly reserved: boolean;
  readonly inTable: boolean;
  readonly state: string;
  readonly holders: readonly {
    readonly verdict: string;
    readonly name: string;
    readonly pid: number | null;
    readonly address: string;
    readonly state: string;
  }[];
}

/** The manager's view of who holds what. It names a socket unit of systemd's, which is the program 'systemd' to ss. */
export function holdersIn(ports: readonly PortRow[]): string[] {
  return ports
    .flatMap(({ port, protocol, holders }) =>
      holders
        .filter(({ verdict }) => verdict !== "ended")
        .map(
          ({ address, state, name, pid }) =>
            `${port}/${protocol} ${address} ${state} ${name.replace(/^systemd for .*/, "systemd")} ${pid}`,
        ),
    )
    .sort();
}

/** What `map` draws of these rows, by the legend in its man page. */
export function pictureOf(ports: readonly PortRow[], protocol: "tcp" | "udp"): string {
  return Array.from({ length: 512 }, (_, at) => {
    const row = ports.find((one) => one.port === 512 + at && one.protocol === protocol);
    if (row === undefined) return ".";
    if (row.state === "stolen") return "!";
    if (row.state === "held") return row.reserved ? "R" : "h";
    return row.reserved ? "r" : ".";
  }).join("");
}
