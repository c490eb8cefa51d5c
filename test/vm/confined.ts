// Daemons that SELinux or AppArmor confines: started until one would begin with a reserved port, and what was refused to them.
import type { Machine } from "./machine.ts";

export const TABLE = "/etc/portreserve.table";

export interface Statd {
  readonly pid: number;
  readonly domain: string;
  /** What bindresvport() tries first. */
  readonly candidate: number;
  readonly port: number;
  readonly maps: { readonly shim: boolean; readonly table: boolean };
}

const candidateOf = (pid: number): number => 600 + (pid % 424);

/** Starts rpc.statd again until it is one whose candidate is not above `last`. */
export async function statd(machine: Machine, last: number): Promise<Statd> {
  const found = await machine.output(`for attempt in $(seq 30); do
    systemctl reset-failed rpc-statd 2>/dev/null
    systemctl restart rpc-statd
    pid=$(pidof rpc.statd) && [ $((600 + pid % 424)) -le ${last} ] && break
done
echo $pid; echo "$(tr -d '\\0' </proc/$pid/attr/current)"
ss -uanpH | sed -n "s/.* 127\\.0\\.0\\.1:\\([0-9]*\\) .*pid=$pid,.*/\\1/p"
cat /proc/$pid/maps`);
  const [pid, label = "", port, ...maps] = found.split("\n");
  const mapped = (name: string): boolean => maps.some((line) => line.endsWith(name));
  return {
    pid: Number(pid),
    // SELinux's type is in the middle of a context; AppArmor has just a profile.
    domain: label.split(":")[2] ?? label,
    candidate: candidateOf(Number(pid)),
    port: Number(port),
    maps: { shim: mapped("/libportreserve.so"), table: mapped(TABLE) },
  };
}

export interface Ypserv extends Pick<Statd, "pid" | "domain" | "candidate"> {
  /** Those that it was refused to connect from. */
  readonly ports: readonly number[];
}

/** Starts ypserv again, which the policy keeps from rpcbind, until it is one whose candidate is not above `last`. */
export async function ypserv(machine: Machine, last: number): Promise<Ypserv> {
  const log = "ausearch --message AVC --comm ypserv --raw || :";
  const old = new Set((await machine.output(log)).split("\n"));
  for (let attempt = 0; attempt < 30; attempt++) {
    const text = await machine.output(`systemctl restart ypserv 2>/dev/null; ${log}`);
    const refused = text
      .split("\n")
      .filter((line) => !old.has(line))
      .flatMap((line) => {
        const [, pid, port, domain = ""] = / pid=(\d+) .* lport=(\d+) scontext=[^:]*:[^:]*:([^:]*):/.exec(line) ?? [];
        return pid === undefined ? [] : [{ pid: Number(pid), port: Number(port), domain }];
      })
      .filter(({ pid }) => candidateOf(pid) <= last);
    const [first] = refused;
    if (first === undefined) continue;
    const { pid, domain } = first;
    const ports = new Set(refused.filter((one) => one.pid === pid).map(({ port }) => port));
    return { pid, domain, candidate: candidateOf(pid), ports: [...ports] };
  }
  throw new Error("ypserv was never refused a connection");
}

/** What a process was denied about the table, as the audit log has it: "read", "map". */
export async function deniedTable(machine: Machine, pid: number): Promise<string[]> {
  const { stdout } = await machine.run(`ausearch --message AVC --pid ${pid} --raw`);
  const lines = stdout.split("\n").filter((line) => line.includes("portreserve"));
  return [...new Set(lines.map((line) => /denied +\{ ([a-z ]+) \}/.exec(line)?.[1] ?? line))];
}
