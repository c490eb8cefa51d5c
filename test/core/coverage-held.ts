// A host whose reserved port is held by portreserve-hold, and what is said of it: for tests.
import type { Reservation } from "../../src/core/config/types.ts";
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";
import type { HeldFacts, HolderFacts, KeptSocket } from "../../src/coverage/hold-facts.ts";
import type { SocketFacts } from "../../src/coverage/socket-facts.ts";
import { type Change, facts, process, reservation, running, socket } from "./coverage-facts.ts";

export const HOLDER = 812;
export const holder = process({
  pid: HOLDER,
  program: "/usr/lib/portreserve/portreserve-hold",
  objects: [],
  unit: undefined,
});
export const stranger = running("static", { pid: 5, objects: ["static"], unit: undefined });

export const to = (kind: Reservation["kind"], port: number, protocol: "tcp" | "udp", owner = "cups"): Reservation => ({
  ...reservation(port, protocol, owner),
  kind,
});
export const has = (port: number, protocol: "tcp" | "udp", change: Partial<HeldFacts> = {}): HeldFacts => ({
  kind: "hold",
  port,
  protocol,
  ipv4: "held",
  ipv6: "held",
  error: undefined,
  ...change,
});
export const its = (port: number, protocol: "tcp" | "udp", holders: SocketFacts["holders"] = [HOLDER]): SocketFacts[] =>
  (["inet", "inet6"] as const).map((family) =>
    socket({ port, protocol, family, address: family === "inet" ? "0.0.0.0" : "::", state: "bound", holders }),
  );
export const kept = (port: number, protocol: "tcp" | "udp", family: "inet" | "inet6"): KeptSocket => ({
  ...{ kind: "hold", port, protocol, family },
});
export const runs = (...held: readonly HeldFacts[]): HolderFacts => ({ kind: "running", pid: HOLDER, held });

/** 631 held for cups, who is down, on a kernel that shows all sockets; nothing but a static program runs beside. */
export const HELD: Change = {
  reservations: [to("hold", 631, "tcp"), to("hold", 631, "udp")],
  processes: [holder, stranger],
  sockets: [...its(631, "tcp"), ...its(631, "udp")],
  holder: runs(has(631, "tcp"), has(631, "udp")),
  kernel: { release: "6.12.0" },
};
export const held = (change: Change = {}): HostFacts =>
  facts({ ...HELD, ...change, kernel: { ...HELD.kernel, ...change.kernel } });

/** "PORT/PROTOCOL STATE: REASON → CURE" of each that is to be held, or is. */
export const told = (host: HostFacts): string[] =>
  assess(host).ports.flatMap(({ port, protocol, hold }) => {
    if (hold === undefined) return [];
    const why = hold.reason === undefined ? "" : `: ${hold.reason}`;
    return [`${port}/${protocol} ${hold.state}${why}${hold.hint === undefined ? "" : ` → ${hold.hint}`}`];
  });
export const first = (host: HostFacts): string | undefined => told(host)[0];
export const verdictOn = (pid: number, host: HostFacts): string | undefined => {
  const found = assess(host).allocators.find((one) => one.pid === pid);
  return found && `${found.verdict} (${found.check})`;
};

/** 631 is another's, who does not share it. */
export const REFUSES = { holder: runs(has(631, "tcp", { ipv4: "refused", error: "EADDRINUSE" }), has(631, "udp")) };
