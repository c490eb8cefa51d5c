// ephemeral: the kernel never chooses a reserved port by itself, and programs that read its list see the ports there.
import { inPlace } from "../../core/install/artefacts.ts";
import { hasPorts, joinPorts, parsePortList, portListText, withoutPorts } from "../../core/mechanisms/port-list.ts";
import { sysctlSettings } from "../../core/mechanisms/settings.ts";
import { ephemeralText, parseEphemeralOurs } from "../../core/mechanisms/texts.ts";
import { counted, fileName } from "../../core/text.ts";
import { sysctlFiles } from "../../observe/mechanisms/read-settings.ts";
import type { Message } from "../../report/types.ts";
import { orUndefined } from "../../system/app-error.ts";
import { kernelValue } from "../../system/files/kernel-value.ts";
import { EPHEMERAL_SYSCTL, LOCAL_RESERVED_PORTS } from "../../system/paths.ts";
import {
  isApplied,
  type LookInput,
  type ManagedMechanism,
  managedFile,
  ourText,
  type SetValue,
  type Standing,
} from "./mechanism.ts";

const NAME = "ephemeral";
const SYSCTL = "net.ipv4.ip_local_reserved_ports";
const FIRST_EPHEMERAL = 1024;

export const ephemeral: ManagedMechanism = {
  name: NAME,
  guards:
    "the kernel's own choice, for connect() and bind() to port 0, and programs that read its list, such as glusterfs",
  places: [EPHEMERAL_SYSCTL],
  look,
};

function look({ root, reservations }: LookInput): Standing {
  const wanted = joinPorts(reservations.map(({ port }) => port));
  const found = managedFile(root, NAME, EPHEMERAL_SYSCTL, "");
  const oldOurs = parseEphemeralOurs(ourText(found) ?? "");
  const nowText = root === "/" ? orUndefined(() => kernelValue(LOCAL_RESERVED_PORTS)) : undefined;
  const now = nowText === undefined ? undefined : (parsePortList(nowText) ?? []);
  const others = othersSettings(root);
  const kept = joinPorts(...others.before.map(({ value }) => parsePortList(value) ?? []).slice(-1));
  const foreign = joinPorts(kept, withoutPorts(now ?? [], oldOurs));
  const ours = withoutPorts(wanted, foreign);
  // At a boot this is all there is: what others have set in the running kernel alone is theirs to set again.
  const list = joinPorts(kept, wanted);
  const text = ephemeralText(list, ours);
  const files = [managedFile(root, NAME, EPHEMERAL_SYSCTL, text)];
  const next = joinPorts(foreign, wanted);
  const still = now === undefined ? undefined : withoutPorts(now, withoutPorts(oldOurs, next));
  const after = others.after.at(-1);
  return {
    ...stateOf(),
    does: [
      `keeps ${counted(wanted.length, "reserved port")} from the kernel's choice, ${wanted.filter((port) => port >= FIRST_EPHEMERAL).length} of them above 1023`,
      ...(foreign.length === 0
        ? []
        : [
            `${counted(foreign.length, "port")} of others ${foreign.length === 1 ? "stays" : "stay"} in the list: ${shown(foreign)}`,
          ]),
    ],
    keepsFrom: () => "the kernel's own choice",
    numbers: { ports: wanted, foreign, now: now ?? null },
    files,
    first: set(now, still),
    put: set(still, next),
    takeAway: isApplied({ files }) ? set(now, withoutPorts(now ?? [], oldOurs)) : [],
    costs: after === undefined ? [] : [replaced(after.path)],
    refusals: [...others.before, ...others.after].flatMap(({ path, value }) =>
      parsePortList(value) === undefined ? [notAList(path, value)] : [],
    ),
    warnings: [],
    notes: [],
  };

  function set(from: readonly number[] | undefined, to: readonly number[] | undefined): readonly SetValue[] {
    if (from === undefined || to === undefined) return [];
    const [old, value] = [from === now ? (nowText ?? "") : portListText(from), portListText(to)];
    return old === value ? [] : [{ kind: "set-value", path: LOCAL_RESERVED_PORTS, value, old }];
  }

  function stateOf(): Pick<Standing, "state" | "reason"> {
    const has = now === undefined || hasPorts(now, wanted);
    if (!isApplied({ files })) {
      const alone = wanted.length > 0 && now !== undefined && has;
      return alone && !hasPorts(kept, wanted)
        ? { state: "not kept", reason: "the ports are in the list of the running kernel alone" }
        : { state: "not applied" };
    }
    if (after !== undefined)
      return { state: "foreign settings", reason: `'${after.path}' replaces the list after ours` };
    if (!files.every(inPlace)) return { state: "out of date", reason: "its file is for other ports" };
    return has ? { state: "in force" } : { state: "out of date", reason: "the list of the running kernel lacks some" };
  }
}

/** One list: the last file that sets it replaces what the others have set. */
function othersSettings(root: string): Readonly<Record<"before" | "after", ReturnType<typeof sysctlSettings>>> {
  const all = sysctlSettings(sysctlFiles(root), SYSCTL).filter(({ path }) => path !== EPHEMERAL_SYSCTL);
  const isLater = (path: string): boolean => fileName(path) > fileName(EPHEMERAL_SYSCTL);
  return { before: all.filter(({ path }) => !isLater(path)), after: all.filter(({ path }) => isLater(path)) };
}

function replaced(path: string): Message {
  return {
    severity: "error",
    message: `'${path}' sets ${SYSCTL} after '${EPHEMERAL_SYSCTL}', and replaces the list at each boot`,
    hint: "give it a name that comes earlier, or use --force to apply it until then",
  };
}

function notAList(path: string, value: string): Message {
  return {
    severity: "error",
    message: `'${path}' sets ${SYSCTL} to '${value}', which is no list of ports`,
    hint: `correct it there: 'sudo sysctl -p ${path}' says whether the kernel takes it`,
  };
}

function shown(ports: readonly number[]): string {
  const text = portListText(ports);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const LONGEST = 60;
