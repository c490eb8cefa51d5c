// A coverage made by hand, with one of everything, and the facts that it is shown with.
import type { Allocator, Coverage, Holder, PortState } from "../../src/coverage/coverage.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";

export const NOW = Date.UTC(2026, 10, 23, 12);
export const HOUR = 3_600_000;

export const allocator = (name: string, pid: number | undefined, more: Partial<Allocator> = {}): Allocator => ({
  kind: pid === undefined ? "program" : "process",
  name,
  pid,
  unit: `${name}.service`,
  program: `/usr/sbin/${name}`,
  count: 1,
  via: ["bindresvport"],
  verdict: "covered",
  check: "mapped",
  reason: undefined,
  hint: undefined,
  ...more,
});

export const holder = (name: string, pid: number | undefined, more: Partial<Holder> = {}): Holder => ({
  verdict: "owner",
  name,
  pid,
  unit: undefined,
  address: "0.0.0.0",
  state: "listening",
  ...more,
});

export const port = (number: number, protocol: "tcp" | "udp", more: Partial<PortState> = {}): PortState => ({
  port: number,
  protocol,
  owners: ["cups"],
  reserved: true,
  inTable: true,
  kind: "reserve",
  state: "free",
  holders: [],
  ...more,
});

export const facts: HostFacts = {
  time: NOW,
  asRoot: true,
  setup: {
    table: {
      state: "fresh",
      generation: "4",
      tcp: [631],
      udp: [631],
      since: NOW - 2 * HOUR - 5000,
      retired: false,
      readableByAll: true,
    },
    list: { namesShim: true, since: NOW - 72 * HOUR },
    libraries: [
      { abi: "x86_64", path: "/usr/lib64/x.so", state: "current", key: undefined, marker: undefined },
      { abi: "i386", path: "/usr/lib/x.so", state: "current", key: undefined, marker: undefined },
    ],
    watchers: [],
    manager: { installed: undefined, own: "0.1.0" },
  },
  reservations: [],
  processes: [],
  hidden: undefined,
  objects: {},
  sockets: [],
  units: [],
  programs: [],
  kernel: {
    release: "6.1.0",
    sunrpc: { min: 665, max: 1023 },
    nfs: [],
    unprivilegedPortStart: 1024,
    hasIpmi: false,
    seesEveryProcess: true,
    securityModules: [],
  },
};

export const thief = { verdict: "stolen", unit: "ypbind.service", state: "bound" } as const;
export const coverage: Coverage = {
  portsLeft: { tcp: 509, udp: 510 },
  answers: [
    { id: "table", question: "is there a table in force?", state: "good", answer: "generation 4", hint: undefined },
    { id: "preload", question: "is the shim loaded?", state: "good", answer: "into every program", hint: undefined },
    {
      id: "watchers",
      question: "does it follow?",
      state: "bad",
      answer: "x.path is failed",
      hint: "systemctl restart x",
    },
  ],
  allocators: [
    allocator("ypbind", 640, {
      via: ["bindresvport_sa", "rresvport", "rresvport_af"],
      verdict: "not covered",
      reason: "started before the install",
      hint: "systemctl restart ypbind",
    }),
    allocator("NFS client", undefined, {
      kind: "kernel",
      via: ["kernel, 665–1023"],
      range: { min: 665, max: 1023 },
      verdict: "not covered",
      reason: "993 reserved in its range",
      hint: "mount with noresvport",
    }),
    allocator("2 processes", undefined, {
      kind: "unseen",
      count: 2,
      via: [],
      verdict: "unknown",
      reason: "permission denied",
      hint: "run it as root",
    }),
    allocator("rpc.statd", 812),
    allocator("sshd", 900),
    allocator("sshd", 901),
    allocator("sshd", 902),
    allocator("sshd", 903),
    allocator("mount.nfs", undefined),
  ],
  ports: [
    port(22, "tcp", { reserved: false, inTable: false, owners: [], state: "held", holders: [holder("sshd", 800)] }),
    port(631, "tcp", { state: "held", holders: [holder("cupsd", 1201), holder("cupsd", 1201, { address: "::" })] }),
    port(631, "udp", { state: "stolen", holders: [holder("ypbind", 640, thief)] }),
    port(873, "tcp", { owners: ["rsync"], inTable: false }),
    port(900, "udp", { owners: [], reserved: false, state: "held", holders: [holder("x", 1)] }),
    port(993, "tcp", {
      owners: ["mail"],
      state: "unknown",
      holders: [holder("permission denied", undefined, { verdict: "unknown" })],
    }),
  ],
  owners: 3,
  excluded: { otherNetworks: 1, powerless: 4 },
  hints: [{ id: "stolen", message: "'ypbind' holds 631/udp", hint: "restart ypbind, then cups-browsed" }],
  verdict: "not covered",
};
