// What other files say that the mechanisms set too: of sysctl.d, modprobe.d, nfsmount.conf and the kernel's command line.
import { compareText, fileName } from "../text.ts";

/** A file that was read, in latin-1. */
export interface SettingsFile {
  readonly path: string;
  readonly text: string;
}

/** What one file says; the last line of several counts. */
export interface HostSetting {
  readonly path: string;
  readonly value: string;
}

/** In the order in which they take effect, by name: of two with one name the first folder's counts. */
export function inEffect(files: readonly SettingsFile[]): readonly SettingsFile[] {
  const byName = new Map<string, SettingsFile>();
  for (const file of files) {
    const name = fileName(file.path);
    if (!byName.has(name)) byName.set(name, file);
  }
  return [...byName].sort(([a], [b]) => compareText(a, b)).map(([, file]) => file);
}

/** The settings of a sysctl, such as "net.ipv4.ip_local_reserved_ports", in the order of the files. */
export function sysctlSettings(files: readonly SettingsFile[], name: string): readonly HostSetting[] {
  return files.flatMap(({ path, text }): HostSetting[] => {
    const values = text.split("\n").flatMap((line) => {
      const [, key = "", value = ""] = /^\s*-?\s*([^\s#;=][^\s=]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return key.replaceAll("/", ".") === name ? [value] : [];
    });
    const value = values.at(-1);
    return value === undefined ? [] : [{ path, value }];
  });
}

/** Options of a module, such as "min_resvport" of "sunrpc", in the order of the files. */
export function moduleSettings(files: readonly SettingsFile[], module: string, option: string): readonly HostSetting[] {
  return files.flatMap(({ path, text }): HostSetting[] => {
    const values = text.split("\n").flatMap((line) => {
      const [word, name, ...options] = line.trim().split(/\s+/);
      return word === "options" && name === module ? options.flatMap((one) => valueIn(one, option)) : [];
    });
    const value = values.at(-1);
    return value === undefined ? [] : [{ path, value }];
  });
}

/** Of the kernel's command line: "sunrpc.min_resvport=700". */
export function commandLineSetting(line: SettingsFile, name: string): HostSetting | undefined {
  const value = line.text
    .trim()
    .split(/\s+/)
    .flatMap((word) => valueIn(word, name))
    .at(-1);
  return value === undefined ? undefined : { path: line.path, value };
}

function valueIn(word: string, name: string): readonly string[] {
  return word.startsWith(`${name}=`) ? [word.slice(name.length + 1)] : [];
}

/** What nfsmount.conf(5) says of privileged ports, with the section that says so. */
export interface MountSetting extends HostSetting {
  /** "nfsmount_global_options", 'server "backup"'. */
  readonly section: string;
}

export function resvportSettings(files: readonly SettingsFile[]): readonly MountSetting[] {
  return files.flatMap(({ path, text }) => {
    let section = "";
    return text.split("\n").flatMap((line): MountSetting[] => {
      const head = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1];
      if (head !== undefined) section = head.toLowerCase();
      const value = /^\s*(?:no)?resvport\s*=\s*(.*?)\s*$/i.exec(line)?.[1];
      return value === undefined ? [] : [{ path, value, section }];
    });
  });
}

/** Whether the kernel's command line mounts the root file system by NFS, as nfsroot, initramfs-tools or dracut have it. */
export function rootIsNfs(commandLine: string): boolean {
  return commandLine
    .split(/\s+/)
    .some((word) => /^(root=\/dev\/nfs|(net)?root=nfs4?(:|$)|root=[^/=]+:\/|nfsroot=|boot=nfs$)/.test(word));
}
