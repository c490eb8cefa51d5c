// The settings that the mechanisms share with others, as the host's files and its running kernel have them.
import { existsSync } from "node:fs";
import path from "node:path";
import type { ClientRange } from "../../core/mechanisms/nfs-range.ts";
import { commandLineSetting, type HostSetting, inEffect, type SettingsFile } from "../../core/mechanisms/settings.ts";
import { orUndefined } from "../../system/app-error.ts";
import { namesIn } from "../../system/files/entry.ts";
import { kernelValue } from "../../system/files/kernel-value.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import {
  KERNEL_COMMAND_LINE,
  MODPROBE_FOLDERS,
  NFSMOUNT_FILE,
  NFSMOUNT_FOLDER,
  SUNRPC_MODULE,
  SUNRPC_PORTS,
  SYSCTL_FILE,
  SYSCTL_FOLDERS,
} from "../../system/paths.ts";

const LIMIT = 1024 * 1024;

/** In the order in which they take effect at a boot; sysctl.conf, which may be one of them by a link, is the first. */
export function sysctlFiles(root: string): readonly SettingsFile[] {
  return [...settingsFile(root, SYSCTL_FILE), ...inEffect(SYSCTL_FOLDERS.flatMap((folder) => confFiles(root, folder)))];
}

export function modprobeFiles(root: string): readonly SettingsFile[] {
  return inEffect(MODPROBE_FOLDERS.flatMap((folder) => confFiles(root, folder)));
}

export function nfsmountFiles(root: string): readonly SettingsFile[] {
  return [...settingsFile(root, NFSMOUNT_FILE), ...confFiles(root, NFSMOUNT_FOLDER)];
}

/** Of the running kernel; empty where it cannot be read. */
export function kernelCommandLine(): string {
  return settingsFile("/", KERNEL_COMMAND_LINE)[0]?.text ?? "";
}

export function fromCommandLine(name: string): HostSetting | undefined {
  return commandLineSetting({ path: KERNEL_COMMAND_LINE, text: kernelCommandLine() }, name);
}

/** What the NFS client has now, and where it is set. */
export interface ClientNow extends ClientRange {
  readonly files: { readonly min: string; readonly max: string };
}

/** Undefined while the client is not loaded, and where its range is none. */
export function clientNow(): ClientNow | undefined {
  for (const files of SUNRPC_PORTS) {
    const [min, max] = [files.min, files.max].map((file) => Number(orUndefined(() => kernelValue(file)) ?? Number.NaN));
    if (Number.isInteger(min) && Number.isInteger(max)) return { min: min ?? 0, max: max ?? 0, files };
  }
  return undefined;
}

/** Then no option of a module reaches it. */
export function clientIsBuiltIn(): boolean {
  return existsSync(SUNRPC_MODULE.folder) && !existsSync(SUNRPC_MODULE.loaded);
}

function confFiles(root: string, folder: string): readonly SettingsFile[] {
  return namesIn(root, folder)
    .filter((name) => name.endsWith(".conf"))
    .flatMap((name) => settingsFile(root, path.join(folder, name)));
}

/** None where it cannot be read. */
export function settingsFile(root: string, file: string): readonly SettingsFile[] {
  const found = readUnder(root, file, LIMIT);
  return isFault(found) ? [] : [{ path: file, text: found.bytes.toString("latin1") }];
}
