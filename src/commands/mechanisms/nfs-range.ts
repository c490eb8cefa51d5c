// nfs-range: the kernel's NFS client keeps to a range of ports in which nothing is reserved.
import { inPlace } from "../../core/install/artefacts.ts";
import {
  type ClientRange,
  DEFAULT_CLIENT_RANGE,
  ENOUGH_CLIENT_PORTS,
  longestRun,
  rangeText,
  rangeWrites,
  sameRange,
  sizeOf,
} from "../../core/mechanisms/nfs-range.ts";
import { type HostSetting, moduleSettings, rootIsNfs, sysctlSettings } from "../../core/mechanisms/settings.ts";
import { modprobeText, parseRangeSysctl, rangeSysctlText } from "../../core/mechanisms/texts.ts";
import { counted, unique } from "../../core/text.ts";
import { shortList } from "../../coverage/names.ts";
import {
  type ClientNow,
  clientIsBuiltIn,
  clientNow,
  fromCommandLine,
  kernelCommandLine,
  modprobeFiles,
  sysctlFiles,
} from "../../observe/mechanisms/read-settings.ts";
import type { Message } from "../../report/types.ts";
import { NFS_RANGE_MODPROBE, NFS_RANGE_SYSCTL } from "../../system/paths.ts";
import {
  isApplied,
  type LookInput,
  type ManagedMechanism,
  managedFile,
  ourText,
  type SetValue,
  type Standing,
} from "./mechanism.ts";

const NAME = "nfs-range";
const ENDS = ["min", "max"] as const;

export const nfsRange: ManagedMechanism = {
  name: NAME,
  guards: "the kernel's NFS client, which takes any port of 665 to 1023 for a mount",
  places: [NFS_RANGE_MODPROBE, NFS_RANGE_SYSCTL],
  look,
};

function look({ root, reservations }: LookInput): Standing {
  const here = root === "/";
  const now = here ? clientNow() : undefined;
  const inDefault = unique(reservations.map(({ port }) => port).filter((port) => isIn(DEFAULT_CLIENT_RANGE, port)));
  const run = longestRun(inDefault);
  const wanted = run ?? DEFAULT_CLIENT_RANGE;
  const found = managedFile(root, NAME, NFS_RANGE_SYSCTL, "");
  const old = parseRangeSysctl(ourText(found) ?? "");
  const before = old?.before ?? now ?? DEFAULT_CLIENT_RANGE;
  const files = [
    managedFile(root, NAME, NFS_RANGE_MODPROBE, modprobeText(wanted)),
    managedFile(root, NAME, NFS_RANGE_SYSCTL, rangeSysctlText(wanted, before, DEFAULT_CLIENT_RANGE.max)),
  ];
  const others = othersSettings(root, wanted);
  const isAsWanted = now === undefined || sameRange(now, wanted);
  return {
    ...stateOf(),
    does: [
      run === undefined
        ? `every port of ${rangeText(DEFAULT_CLIENT_RANGE)} is reserved, so there is no range for it`
        : `the NFS client keeps to ${rangeText(run)}: ${counted(sizeOf(run), "port")}, the longest run of ${rangeText(DEFAULT_CLIENT_RANGE)} without a reserved one`,
      ...(now === undefined ? [] : [`now it has ${rangeText(now)}, ${atRisk(now, inDefault)}`]),
    ],
    keepsFrom: (port) =>
      isIn(DEFAULT_CLIENT_RANGE, port) && !isIn(wanted, port)
        ? `the kernel's NFS client, which has ${rangeText(wanted)}`
        : undefined,
    numbers: {
      range: run === undefined ? null : { min: run.min, max: run.max },
      ports: run === undefined ? 0 : sizeOf(run),
      now: now === undefined ? null : { min: now.min, max: now.max },
    },
    files,
    first: [],
    put: now === undefined ? [] : writes(now, wanted),
    takeAway: now === undefined || old === undefined || !sameRange(now, old.range) ? [] : writes(now, old.before),
    costs: [...costs(run), ...others.map(otherCost)],
    refusals: run === undefined ? [refused()] : [],
    warnings: [],
    notes: here && run !== undefined ? notes(run) : [],
  };

  function stateOf(): Pick<Standing, "state" | "reason"> {
    if (!isApplied({ files })) {
      const foreign = others[0];
      if (foreign !== undefined)
        return { state: "foreign settings", reason: `'${foreign.path}' sets '${foreign.value}'` };
      const keeps =
        now !== undefined && !sameRange(now, DEFAULT_CLIENT_RANGE) && !inDefault.some((it) => isIn(now, it));
      return keeps
        ? { state: "not kept", reason: `${rangeText(now)} is set in the running kernel alone` }
        : { state: "not applied" };
    }
    if (others[0] !== undefined && now !== undefined && !isAsWanted) {
      return { state: "foreign settings", reason: `'${others[0].path}' sets '${others[0].value}'` };
    }
    if (!files.every(inPlace)) return { state: "out of date", reason: "its files are for another range" };
    return isAsWanted
      ? { state: "in force" }
      : { state: "out of date", reason: `the running kernel has ${rangeText(now)}` };
  }
}

function isIn({ min, max }: ClientRange, port: number): boolean {
  return min <= port && port <= max;
}

function atRisk(range: ClientRange, reserved: readonly number[]): string {
  const ports = reserved.filter((port) => isIn(range, port)).sort((a, b) => a - b);
  return ports.length === 0 ? "without a reserved port" : `with the reserved ${shortList(ports, MOST_SHOWN)}`;
}

const MOST_SHOWN = 8;

function writes(now: ClientNow, wanted: ClientRange): readonly SetValue[] {
  return rangeWrites(now, wanted).map(({ end, value }) => ({
    kind: "set-value",
    path: now.files[end],
    value: String(value),
    old: String(now[end]),
  }));
}

/** What others set to anything else than this range, the kernel's command line included, which wins over modprobe.d. */
function othersSettings(root: string, wanted: ClientRange): readonly HostSetting[] {
  const ours = new Set([NFS_RANGE_MODPROBE, NFS_RANGE_SYSCTL]);
  const foreign = ENDS.flatMap((end) => {
    const files = [
      ...moduleSettings(modprobeFiles(root), "sunrpc", `${end}_resvport`),
      ...sysctlSettings(sysctlFiles(root), `sunrpc.${end}_resvport`),
    ];
    const line = root === "/" ? fromCommandLine(`sunrpc.${end}_resvport`) : undefined;
    const all = line === undefined ? files : [...files, line];
    return all
      .filter(({ path, value }) => !ours.has(path) && value !== String(wanted[end]))
      .map(({ path, value }) => ({ path, value: `sunrpc.${end}_resvport=${value}` }));
  });
  return foreign;
}

function otherCost({ path, value }: HostSetting): Message {
  return {
    severity: "error",
    message: `'${path}' sets '${value}', and portreservectl did not write it`,
    hint: "take it out there, or use --force to write our files beside it",
  };
}

function costs(run: ClientRange | undefined): readonly Message[] {
  if (run === undefined || sizeOf(run) >= ENOUGH_CLIENT_PORTS) return [];
  const size = counted(sizeOf(run), "port");
  return [
    {
      severity: "error",
      message: `the longest run without a reserved port is ${rangeText(run)}, ${size}: the NFS client could have no more connections than that at once, and a mount that finds no port waits, then times out`,
      hint: `reserve fewer ports of ${rangeText(DEFAULT_CLIENT_RANGE)}, or use --force to do with ${size}`,
    },
  ];
}

function refused(): Message {
  return {
    severity: "error",
    message: `every port of ${rangeText(DEFAULT_CLIENT_RANGE)} is reserved: without one every mount would time out`,
    hint: "reserve fewer ports, or run 'sudo portreservectl mechanisms apply noresvport'",
  };
}

function notes({ min, max }: ClientRange): readonly Message[] {
  const words = `sunrpc.min_resvport=${min} sunrpc.max_resvport=${max}`;
  if (rootIsNfs(kernelCommandLine())) {
    return [
      note(
        `the root file system is mounted by NFS before any of this is read: add '${words}' to the kernel's command line`,
        "then make the initramfs again with 'sudo update-initramfs -u', or 'sudo dracut --force'",
      ),
    ];
  }
  const built = clientIsBuiltIn()
    ? [
        note(
          `the NFS client is part of this kernel, so its range is set when sysctl.d is read, and not before: what mounts earlier wants '${words}' on the kernel's command line`,
        ),
      ]
    : [];
  return [...built, note("no initramfs has to be made again: the root file system is not mounted by NFS")];
}

function note(message: string, hint?: string): Message {
  return { severity: "note", message, ...(hint === undefined ? {} : { hint }) };
}
