// The units that keep the table fresh: one that watches the inputs, one that compiles.
import { execArgument, execProgram, literal } from "./words.ts";

export const PATH_UNIT = "portreserve.path";
export const SERVICE_UNIT = "portreserve.service";

const MARKER = "# Written by 'portreservectl install'; 'portreservectl uninstall' removes it.";

/** Whether we wrote it. */
export function isOurUnit(text: string): boolean {
  return text.split("\n", 1)[0] === MARKER;
}

/**
 * Starts the service whenever one of `watched` (absolute paths of files or folders) changes; one that does not exist yet is waited
 * for. PathExists= beside PathChanged= would start it without end.
 */
export function pathUnit(watched: readonly string[]): string {
  return `${MARKER}
[Unit]
Description=Watch the reservations of ports

[Path]
${watched.map((path) => `PathChanged=${literal(path)}\n`).join("")}
[Install]
WantedBy=${WANTED_BY[PATH_UNIT]}
`;
}

/** Absolute paths that only root can change; for that of `node`, `isExecutableName` holds. */
export interface Manager {
  readonly node: string;
  readonly manager: string;
}

/**
 * Compiles until the inputs are still, at boot and whenever the path unit says so. A burst of changes must not end in
 * the start limit, which would leave the path unit failed. Status 1 says that lines were rejected: the others are in force.
 */
export function serviceUnit({ node, manager }: Manager): string {
  return `${MARKER}
[Unit]
Description=Compile the reservations of ports
DefaultDependencies=no
After=local-fs.target
Conflicts=shutdown.target
Before=shutdown.target
${ALLOCATORS.map((names) => `Before=${names.join(" ")}\n`).join("")}StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=${execProgram(node)} ${execArgument(manager)} compile --settle
SuccessExitStatus=1

[Install]
WantedBy=${WANTED_BY[SERVICE_UNIT]}
`;
}

/** Services that ask for any privileged port, as Debian and Fedora name them; systemd ignores names that are not there. */
const ALLOCATORS: readonly (readonly string[])[] = [
  [
    "rpcbind.service",
    "rpc-statd.service",
    "rpc-statd-notify.service",
    "rpc-gssd.service",
    "rpc-rquotad.service",
    "quotarpc.service",
  ],
  ["nfs-server.service", "nfs-mountd.service", "nfs-idmapd.service", "nfs-common.service", "nfs-ganesha.service"],
  ["ypserv.service", "ypbind.service", "yppasswdd.service", "ypxfrd.service", "nis.service", "nscd.service"],
  [
    "autofs.service",
    "am-utils.service",
    "inetd.service",
    "openbsd-inetd.service",
    "inetutils-inetd.service",
    "xinetd.service",
  ],
];

const WANTED_BY = { [PATH_UNIT]: "paths.target", [SERVICE_UNIT]: "multi-user.target" } as const;

/** The symbolic links that 'systemctl enable' makes in the administrator's folder of units, `folder`, for units in it. */
export function enablingLinks(folder: string): { readonly path: string; readonly target: string }[] {
  return ([PATH_UNIT, SERVICE_UNIT] as const).map((unit) => ({
    path: `${folder}/${WANTED_BY[unit]}.wants/${unit}`,
    target: `${folder}/${unit}`,
  }));
}
