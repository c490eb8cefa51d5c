// What the mechanism 'fixed' looks at: which daemons are installed, what their files say, and which ports are in use.
import path from "node:path";
import { BUILTIN_SERVICES } from "../../core/config/builtin-services.ts";
import { parseServices } from "../../core/config/services.ts";
import { FIXED_KINDS, type FixedKind } from "../../core/mechanisms/fixed-ports.ts";
import type { SettingsFile } from "../../core/mechanisms/settings.ts";
import { parseSocketTable } from "../../core/sockets/table.ts";
import { orUndefined } from "../../system/app-error.ts";
import { namesIn } from "../../system/files/entry.ts";
import { kernelValue } from "../../system/files/kernel-value.ts";
import {
  DAEMON_FOLDERS,
  LOCKD_PORTS,
  NFS_CONF,
  NFS_CONF_FOLDER,
  SERVICES_FILE,
  VENDOR_SERVICES_FILE,
} from "../../system/paths.ts";
import { socketTableText } from "../sockets/read-socket-lists.ts";
import { settingsFile } from "./read-settings.ts";

/** lockd is needed where rpc.statd is. */
export function installedKinds(root: string): readonly FixedKind[] {
  const programs = new Set(DAEMON_FOLDERS.flatMap((folder) => namesIn(root, folder)));
  return FIXED_KINDS.filter(({ name }) => programs.has(name === "lockd" ? "rpc.statd" : name));
}

/** In the order in which they take effect. */
export function nfsConfFiles(root: string): readonly SettingsFile[] {
  const more = namesIn(root, NFS_CONF_FOLDER)
    .filter((name) => name.endsWith(".conf"))
    .sort();
  return [NFS_CONF, ...more.map((name) => path.join(NFS_CONF_FOLDER, name))].flatMap((file) =>
    settingsFile(root, file),
  );
}

/** In latin-1; undefined for one that is not there or cannot be read. */
export function textOf(root: string, file: string): string | undefined {
  return settingsFile(root, file)[0]?.text;
}

/** What the kernel's lockd has or will have, 0 for any port; undefined where it is not loaded. */
export function lockdNow(): { readonly tcp: string; readonly udp: string } | undefined {
  const [tcp, udp] = [LOCKD_PORTS.tcp, LOCKD_PORTS.udp].map((file) => orUndefined(() => kernelValue(file)));
  return tcp === undefined || udp === undefined ? undefined : { tcp, udp };
}

/** Local ports of any socket of this network. */
export function portsInUse(): ReadonlySet<number> {
  const ports = (["tcp", "udp"] as const).flatMap((protocol) =>
    (["inet", "inet6"] as const).flatMap((family) =>
      parseSocketTable(socketTableText(protocol, family) ?? "", family).map(({ port }) => port),
    ),
  );
  return new Set(ports);
}

/** Ports that a services file or the built-in names give to somebody, by either protocol. */
export function namedPorts(root: string): ReadonlySet<number> {
  const texts = [VENDOR_SERVICES_FILE, SERVICES_FILE].flatMap((file) => settingsFile(root, file));
  const named = texts.flatMap(({ text }) => [...parseServices(Buffer.from(text, "latin1")).values()]);
  return new Set([...named.flatMap(({ tcp, udp }) => [tcp ?? 0, udp ?? 0]), ...BUILTIN_SERVICES.values()]);
}
