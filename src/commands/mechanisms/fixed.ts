// fixed: RPC daemons keep to ports of their own, each reserved, instead of taking what is free when they start.
import { type Artefact, inPlace } from "../../core/install/artefacts.ts";
import {
  FIXED_KINDS,
  type FixedName,
  type FixedPlan,
  type FixedPort,
  numbersOf,
  planFixed,
} from "../../core/mechanisms/fixed-ports.ts";
import {
  fixedDropInText,
  lockdModprobeText,
  lockdSysctlText,
  nfsConfText,
  ownersText,
  parseOwners,
} from "../../core/mechanisms/fixed-texts.ts";
import { counted, enumerate } from "../../core/text.ts";
import { lockdNow, namedPorts, portsInUse } from "../../observe/mechanisms/read-fixed.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import {
  FIXED_DROP_IN,
  FIXED_MODPROBE,
  FIXED_NFS_CONF,
  FIXED_OWNERS,
  FIXED_SYSCTL,
  LOCKD_PORTS,
  UNIT_FOLDER,
} from "../../system/paths.ts";
import { runProgram } from "../../system/start-program.ts";
import { ARGUMENT_UNITS, FIXED_UNITS, type FixedSources, fixedSources } from "./fixed-sources.ts";
import {
  isApplied,
  type LookInput,
  type ManagedMechanism,
  managedFile,
  ourText,
  type SetValue,
  type Standing,
} from "./mechanism.ts";
import { quotaDefaults } from "./quota-defaults.ts";

const NAME = "fixed";

export const fixed: ManagedMechanism = {
  name: NAME,
  guards:
    "RPC daemons that take any free port at each start: NFS's statd, lockd and mountd, NIS's ypserv and yppasswdd, rquotad",
  byHand: true,
  places: [FIXED_OWNERS, FIXED_NFS_CONF, FIXED_MODPROBE, FIXED_SYSCTL],
  look,
  ask,
};

function look({ root, reservations }: LookInput): Standing {
  const found = managedFile(root, NAME, FIXED_OWNERS, "");
  const chosen = parseOwners(ourText(found) ?? "");
  const sources = fixedSources(root, chosen);
  const others = new Set(reservations.filter(({ file }) => file !== FIXED_OWNERS).map(({ port }) => port));
  const plan = planFixed({ ...sources, chosen, isTaken: takenIn(root, others) });
  const all = everyFile(root, plan, sources);
  const now = root === "/" ? lockdNow() : undefined;
  const lockd = ours(plan, "lockd");
  const before = chosen.find(({ name }) => name === "lockd")?.port;
  const record = managedFile(root, NAME, FIXED_OWNERS, ownersText(plan.ports));
  const standing = { files: all.wanted, record, shared: all.shared, unwanted: all.unwanted };
  const none = plan.ports.length === 0;
  return {
    ...standing,
    ...stateOf(),
    does: none ? ["none of these daemons is installed here"] : doesLines(plan, root),
    keepsFrom: (port) => keptFrom(plan, port),
    numbers: { daemons: plan.ports.map(({ name, port, count, given }) => ({ name, port, count, given })) },
    first: [],
    put: lockd === undefined ? [] : setLockd(now, String(lockd)),
    takeAway: before === undefined || !isApplied(standing) ? [] : setLockd(now, "0", String(before)),
    costs: [],
    refusals: [...(none ? [nothingThere()] : []), ...plan.without.map(noPort), ...all.refusals],
    warnings: plan.ports.filter((one) => !one.given && numbersOf(one).some((port) => others.has(port))).map(shared),
    notes: sources.left.map(({ name, why }) => leftAlone(name, why)),
    services: plan.ports.flatMap((one) => {
      const unit = FIXED_UNITS[one.name];
      // Where the shim is in ypserv, its IPv6 gets no reserved port, so not this neighbour either.
      return unit === undefined ? [] : [{ unit, ports: [one.port] }];
    }),
    owners: plan.ports.flatMap((one) => numbersOf(one).map((port) => ({ port, owner: one.name }))),
  };

  function stateOf(): Pick<Standing, "state" | "reason"> {
    if (!isApplied(standing)) return { state: "not applied" };
    if (![...all.wanted, ...all.shared, record].every(inPlace) || all.unwanted.some((one) => one.ours)) {
      return { state: "out of date", reason: "its files are for other daemons, or other ports" };
    }
    if (lockd !== undefined && setLockd(now, String(lockd)).length > 0) {
      return { state: "out of date", reason: "the running kernel has another port for lockd" };
    }
    return { state: "in force" };
  }
}

/** Asked for a first time only where a number has to be found. */
function takenIn(root: string, reserved: ReadonlySet<number>): (port: number) => boolean {
  let others: readonly ReadonlySet<number>[] | undefined;
  return (port) => {
    others ??= [reserved, namedPorts(root), ...(root === "/" ? [portsInUse()] : [])];
    return others.some((some) => some.has(port));
  };
}

/** What we have to set for it; undefined where its administrator has, and where it is not there. */
function ours({ ports }: FixedPlan, name: FixedName): number | undefined {
  return ports.find((one) => one.name === name && !one.given)?.port;
}

interface Files {
  readonly wanted: readonly Artefact[];
  readonly shared: readonly Artefact[];
  readonly unwanted: readonly Artefact[];
  readonly refusals: readonly Message[];
}

function everyFile(root: string, plan: FixedPlan, sources: FixedSources): Files {
  const [statd, notify, lockd, mountd] = (["rpc.statd", "sm-notify", "lockd", "rpc.mountd"] as const).map((name) =>
    ours(plan, name),
  );
  const nfs = [statd, notify, lockd, mountd].some((port) => port !== undefined);
  const units = (["ypserv", "rpc.yppasswdd"] as const).map((name): readonly [string, string | undefined] => {
    const port = ours(plan, name);
    const command = port === undefined ? undefined : sources.commandOf(name, `--port ${port}`);
    const path = `${UNIT_FOLDER}/${ARGUMENT_UNITS[name]}.d/${FIXED_DROP_IN}`;
    return [path, command === undefined ? undefined : fixedDropInText(command)];
  });
  const texts: readonly (readonly [string, string | undefined])[] = [
    [FIXED_NFS_CONF, nfs ? nfsConfText({ statd, notify, lockd, mountd }) : undefined],
    [FIXED_MODPROBE, lockd === undefined ? undefined : lockdModprobeText(lockd)],
    [FIXED_SYSCTL, lockd === undefined ? undefined : lockdSysctlText(lockd)],
    ...units,
  ];
  const quota = quotaDefaults(root, ours(plan, "rpc.rquotad"));
  return {
    wanted: texts.flatMap(([path, text]) => (text === undefined ? [] : [managedFile(root, NAME, path, text)])),
    unwanted: texts.flatMap(([path, text]) => {
      const artefact = text === undefined ? managedFile(root, NAME, path, "") : undefined;
      return artefact?.ours === true ? [artefact] : [];
    }),
    ...quota,
  };
}

/** `only`: what it has to have now. */
function setLockd(now: ReturnType<typeof lockdNow>, value: string, only?: string): readonly SetValue[] {
  if (now === undefined) return [];
  return (["tcp", "udp"] as const).flatMap((protocol): SetValue[] => {
    const old = now[protocol];
    if (old === value || (only !== undefined && old !== only)) return [];
    return [{ kind: "set-value", path: LOCKD_PORTS[protocol], value, old }];
  });
}

function placeText({ port, count, protocol }: FixedPort): string {
  return `${port}${count === 2 ? `–${port + 1}` : ""}${protocol === undefined ? "" : `/${protocol}`}`;
}

function doesLines({ ports }: FixedPlan, root: string): readonly string[] {
  const numbers = new Set(ports.flatMap(numbersOf));
  const used = root === "/" ? portsInUse() : undefined;
  const free = ports.filter((one) => !numbersOf(one).some((port) => used?.has(port)));
  const given = ports.filter((one) => one.given);
  const daemons = new Set(ports.map(({ name }) => name)).size;
  const list = ports.map((one) => `${one.name} ${placeText(one)}`).join(", ");
  return [
    `${counted(daemons, "daemon keeps", "daemons keep")} to ${counted(numbers.size, "reserved port")}: ${list}`,
    ...given.map((one) => `${one.name} has ${placeText(one)} from its administrator, and that stays as it is`),
    ...(used === undefined || free.length === 0 ? [] : [`now nobody has ${enumerate(free.map(placeText))}`]),
  ];
}

/** These ask bindresvport() for a port of these, or else the kernel. */
function keptFrom({ ports }: FixedPlan, port: number): string | undefined {
  if (ports.some((one) => numbersOf(one).includes(port)) || port < FIRST_RANDOM) return undefined;
  const privileged = port < FIRST_HIGH;
  const names = FIXED_KINDS.filter((kind) => kind.privileged === privileged).map(({ name }) => name);
  const kept = names.filter((name) => ports.some((one) => one.name === name));
  return kept.length === 0
    ? undefined
    : `${enumerate(kept)}, which ${kept.length === 1 ? "has its own" : "have their own"}`;
}

const FIRST_RANDOM = 512;
const FIRST_HIGH = 1024;

function nothingThere(): Message {
  return {
    severity: "error",
    message: "none of the daemons that it is for is installed",
    hint: `it is for ${enumerate(FIXED_KINDS.map(({ name }) => name))}`,
  };
}

function noPort(name: FixedName): Message {
  return {
    severity: "error",
    message: `no port is left for '${name}'`,
    hint: "reserve fewer ports: 'portreservectl list' shows them",
  };
}

function shared(port: FixedPort): Message {
  return {
    severity: "warning",
    message: `'${port.name}' keeps to ${placeText(port)}, which somebody else reserves too`,
    hint: `'portreservectl lookup ${port.port}' says who: 'mechanisms remove fixed' and 'mechanisms apply fixed' choose again`,
  };
}

function leftAlone(name: FixedName, why: string): Message {
  return { severity: "note", message: `'${name}' ${why}, so it was left as it is` };
}

/** Whether the daemons of nfs-utils read the file: nfsconf(8) reads as they do. */
function ask(): void {
  const text = ourText(managedFile("/", NAME, FIXED_NFS_CONF, "")) ?? "";
  let section = "";
  for (const line of text.split("\n")) {
    section = /^\[(.*)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^([a-z-]+)=([0-9]+)$/.exec(line) ?? [];
    if (key === undefined) continue;
    const said = runProgram(["nfsconf", "--get", section, key], { timeout: 10_000 });
    // It comes with them since nfs-utils 2.4.
    if (said.outcome !== "ended") return;
    if (said.stdout.trim() === value) continue;
    throw new AppError(
      "unsafe",
      `nfsconf does not find '${key}=${value}' of [${section}] in '${FIXED_NFS_CONF}': the daemons would not take it`,
      `see 'nfsconf --dump': a file of /etc/nfs.conf.d that comes later may set it, or nfs-utils be older than 2.4`,
    );
  }
}
