// fixed: what the host says of each daemon before anything is chosen: which are there, how they start, what others have set.

import {
  expandVariables,
  nfsConfPort,
  optionPort,
  portIn,
  shellWords,
  withArgument,
} from "../../core/mechanisms/fixed-given.ts";
import { FIXED_KINDS, type FixedKind, type FixedName, type FixedPort } from "../../core/mechanisms/fixed-ports.ts";
import { withoutOption } from "../../core/mechanisms/fixed-texts.ts";
import { moduleSettings, type SettingsFile, sysctlSettings } from "../../core/mechanisms/settings.ts";
import { parseEnvironmentFile } from "../../core/systemd/environment-file.ts";
import { fromFiles, serviceSettings } from "../../core/systemd/from-files.ts";
import type { UnitFile } from "../../core/systemd/unit-file.ts";
import { splitWords } from "../../core/systemd/words.ts";
import { fileName } from "../../core/text.ts";
import { installedKinds, lockdNow, nfsConfFiles, textOf } from "../../observe/mechanisms/read-fixed.ts";
import { fromCommandLine, modprobeFiles, sysctlFiles } from "../../observe/mechanisms/read-settings.ts";
import { environmentFileTexts, readUnitTexts } from "../../observe/units/read-unit-texts.ts";
import {
  FIXED_DROP_IN,
  FIXED_MODPROBE,
  FIXED_NFS_CONF,
  FIXED_SYSCTL,
  QUOTA_DEFAULTS,
  QUOTA_STARTER,
} from "../../system/paths.ts";
import { writtenService } from "../install/services.ts";

/** The units of those that get their ports as arguments of ExecStart=. */
export const ARGUMENT_UNITS = { ypserv: "ypserv.service", "rpc.yppasswdd": "yppasswdd.service" } as const;
/** Those that have to be started again for it; sm-notify runs once, at a boot. */
export const FIXED_UNITS: Readonly<Record<FixedName, string | undefined>> = {
  ...ARGUMENT_UNITS,
  lockd: "nfs-server.service",
  "rpc.statd": "rpc-statd.service",
  "rpc.mountd": "nfs-mountd.service",
  "rpc.rquotad": "quotarpc.service",
  "sm-notify": undefined,
};
export const FIXED_UNIT_NAMES: readonly string[] = Object.values(FIXED_UNITS).flatMap((unit) => unit ?? []);
type ByUnit = keyof typeof ARGUMENT_UNITS;
export const QUOTA_VARIABLE = "RPCRQUOTADOPTS";

export interface FixedSources {
  /** Those that are installed, and whose start can be told a port. */
  readonly kinds: readonly FixedKind[];
  readonly given: readonly FixedPort[];
  /** Installed, and why they are left as they are: completes "'NAME' …". */
  readonly left: readonly { readonly name: FixedName; readonly why: string }[];
  /** ExecStart= with another option, by daemon. */
  readonly commandOf: (name: ByUnit, option: string) => string | undefined;
}

/** `chosen`: what our own file says, so that what the kernel has of it is not taken for somebody else's. */
export function fixedSources(root: string, chosen: readonly FixedPort[]): FixedSources {
  const installed = installedKinds(root);
  const commands = new Map<string, readonly [string, readonly UnitFile[]]>();
  for (const [name, unit] of Object.entries(ARGUMENT_UNITS)) {
    if (!installed.some((kind) => kind.name === name)) continue;
    const files = unitFilesOf(root, unit);
    const command = commandIn(files);
    if (command !== undefined) commands.set(name, [command, files]);
  }
  const left = installed.flatMap(({ name }) => {
    const why = whyLeft(root, name, commands.get(name)?.[0]);
    return why === undefined ? [] : [{ name, why }];
  });
  const kinds = installed.filter(({ name }) => !left.some((one) => one.name === name));
  const wanted = new Set(kinds.map(({ name }) => name));
  const given = givenPorts(root, chosen, commands).filter(({ name }) => wanted.has(name));
  return {
    kinds,
    given,
    left,
    commandOf: (name, option) => withArgument(commands.get(name)?.[0] ?? "", name, option),
  };
}

function whyLeft(root: string, name: FixedName, command: string | undefined): string | undefined {
  if (name === "rpc.rquotad") {
    return textOf(root, QUOTA_STARTER) === undefined ? `is not started by '${QUOTA_STARTER}'` : undefined;
  }
  if (name !== "ypserv" && name !== "rpc.yppasswdd") return undefined;
  const unit = ARGUMENT_UNITS[name];
  if (command === undefined) return `has no unit '${unit}' that starts it`;
  return withArgument(command, name, "") === undefined ? `is not started by name in '${unit}'` : undefined;
}

/** Without our own drop-in. */
function unitFilesOf(root: string, unit: string): readonly UnitFile[] {
  const { paths } = writtenService(root, { unit, kind: "plain" });
  return readUnitTexts(
    root,
    paths.filter((path) => fileName(path) !== FIXED_DROP_IN),
  );
}

/** The last ExecStart= in force; undefined where there is none, or several. */
function commandIn(files: readonly UnitFile[]): string | undefined {
  const commands: string[] = [];
  for (const { key, value } of files.flatMap(serviceSettings)) {
    if (key !== "ExecStart") continue;
    if (value === "") commands.length = 0;
    else commands.push(value);
  }
  return commands.length === 1 ? commands[0] : undefined;
}

function argumentsOf(root: string, unit: string, command: string, files: readonly UnitFile[]): readonly string[] {
  const { environment, environmentFiles } = fromFiles(unit, files);
  const texts = environmentFileTexts(
    root,
    environmentFiles.map(({ path }) => path),
  );
  const entries = [...environment, ...texts.flatMap(({ text }) => parseEnvironmentFile(text ?? ""))];
  const variables = new Map(entries.map(({ name, value }) => [name, value]));
  return expandVariables(splitWords(command).words, variables);
}

function givenPorts(
  root: string,
  chosen: readonly FixedPort[],
  commands: ReadonlyMap<string, readonly [string, readonly UnitFile[]]>,
): readonly FixedPort[] {
  const conf = nfsConfFiles(root).filter(({ path }) => path !== FIXED_NFS_CONF);
  const started = (unit: string, names: readonly string[]): number | undefined => {
    const files = unitFilesOf(root, unit);
    const command = commandIn(files);
    return command === undefined ? undefined : optionPort(argumentsOf(root, unit, command, files), names);
  };
  const byArgument = (name: ByUnit, names: readonly string[]): number | undefined => {
    const [command = "", files = []] = commands.get(name) ?? [];
    return optionPort(argumentsOf(root, ARGUMENT_UNITS[name], command, files), names);
  };
  const quota = withoutOption(textOf(root, QUOTA_DEFAULTS) ?? "") ?? "";
  const found: Readonly<Record<Exclude<FixedName, "lockd">, number | undefined>> = {
    "rpc.statd": started("rpc-statd.service", ["--port", "-p"]) ?? nfsConfPort(conf, "statd", "port"),
    "sm-notify":
      started("rpc-statd.service", ["--outgoing-port", "-o"]) ??
      started("rpc-statd-notify.service", ["-p"]) ??
      nfsConfPort(conf, "sm-notify", "outgoing-port") ??
      nfsConfPort(conf, "statd", "outgoing-port"),
    "rpc.mountd": started("nfs-mountd.service", ["--port", "-p"]) ?? nfsConfPort(conf, "mountd", "port"),
    ypserv: byArgument("ypserv", ["--port", "-p"]),
    // Its -p is the file of passwords.
    "rpc.yppasswdd": byArgument("rpc.yppasswdd", ["--port"]),
    "rpc.rquotad": optionPort(shellWords(quota, QUOTA_VARIABLE), ["--port", "-p"]),
  };
  const ports = Object.entries(found).flatMap(([name, port]): FixedPort[] => {
    const kind = FIXED_KINDS.find((one) => one.name === name);
    if (kind === undefined || port === undefined) return [];
    return [{ name: kind.name, port, count: kind.count, ...(kind.protocol ? { protocol: kind.protocol } : {}) }];
  });
  return [...ports, ...givenToLockd(root, conf, chosen)];
}

function givenToLockd(root: string, conf: readonly SettingsFile[], chosen: readonly FixedPort[]): readonly FixedPort[] {
  const ours = chosen.filter(({ name }) => name === "lockd").map(({ port }) => port);
  const now = root === "/" ? lockdNow() : undefined;
  const files = modprobeFiles(root).filter(({ path }) => path !== FIXED_MODPROBE);
  const settings = sysctlFiles(root).filter(({ path }) => path !== FIXED_SYSCTL);
  const of = (protocol: "tcp" | "udp", key: string): number | undefined => {
    const option = `nlm_${protocol}port`;
    const line = root === "/" ? fromCommandLine(`lockd.${option}`) : undefined;
    const running = portIn(now?.[protocol]);
    return (
      portIn(line?.value) ??
      portIn(moduleSettings(files, "lockd", option).at(-1)?.value) ??
      portIn(sysctlSettings(settings, `fs.nfs.${option}`).at(-1)?.value) ??
      nfsConfPort(conf, "lockd", key) ??
      (running === undefined || ours.includes(running) ? undefined : running)
    );
  };
  const [tcp, udp] = [of("tcp", "port"), of("udp", "udp-port")];
  const one = { name: "lockd", count: 1 } as const;
  if (tcp !== undefined && tcp === udp) return [{ ...one, port: tcp }];
  return [
    ...(tcp === undefined ? [] : [{ ...one, port: tcp, protocol: "tcp" as const }]),
    ...(udp === undefined ? [] : [{ ...one, port: udp, protocol: "udp" as const }]),
  ];
}
