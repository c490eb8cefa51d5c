// The units that keep the table fresh: some that watch the inputs, one that compiles, one that looks again.
import { execArgument, execProgram, literal } from "./words.ts";

export const SERVICE_UNIT = "portreserve.service";
/** Compiles once more, when the path units watch again. A template: systemd warns where one unit is both of its instances. */
export const RECOMPILE_TEMPLATE = "portreserve-recompile@.service";
export const RECOMPILE_UNITS = {
  success: "portreserve-recompile@success.service",
  failure: "portreserve-recompile@failure.service",
} as const;
/** One for each watched place: owners, services, blacklist. */
export const PATH_UNITS = ["portreserve.path", "portreserve-services.path", "portreserve-blacklist.path"] as const;

/** The files that we write. */
export const UNIT_FILES: readonly string[] = [SERVICE_UNIT, RECOMPILE_TEMPLATE, ...PATH_UNITS];

/** The first line of each unit file that we write, and of the rules for AppArmor. */
export const UNIT_MARKER = "# Written by 'portreservectl install'; 'portreservectl uninstall' removes it.";

/** The first line in the place of that where a package of the distribution has the file. */
export const PACKAGED_MARKER =
  "# Of portreserve's package; 'portreservectl install' enables it, and 'portreservectl uninstall' disables it.";

/** Whether we wrote it, or our package has it. */
export function isOurUnit(text: string): boolean {
  return [UNIT_MARKER, PACKAGED_MARKER].includes(text.split("\n", 1)[0] ?? "");
}

/** A unit's text as the package has it. */
export function packagedText(text: string): string {
  return text.replace(UNIT_MARKER, PACKAGED_MARKER);
}

/**
 * Starts the service whenever `place` changes: the absolute path of a file or a folder, which need not exist yet. It has
 * one place only: while systemd waits for one that is missing, it drops what it has seen of the unit's others. PathExists=
 * beside PathChanged= would start the service without end.
 */
export function pathUnit(place: string): string {
  return `${UNIT_MARKER}
[Unit]
Description=Watch ${literal(place)} for reservations of ports
${DOCUMENTATION}
[Path]
PathChanged=${literal(place)}
Unit=${SERVICE_UNIT}

[Install]
WantedBy=paths.target
`;
}

/** Absolute paths that only root can change; for that of `node`, `isExecutableName` holds. */
export interface Manager {
  readonly node: string;
  readonly manager: string;
}

/**
 * Compiles until the inputs are still, at boot and whenever a path unit says so. A path unit does not watch while the
 * service runs, so a second one looks once more: systemd starts it (since version 249) when the path units watch again.
 * They take turns, or a run that ended beside the second one would find it there already. The second one that has failed
 * as the first one had is not started any more once that succeeds, and would be called failed for ever.
 */
export function serviceUnit(manager: Manager): string {
  return `${UNIT_MARKER}
[Unit]
Description=Compile the reservations of ports, at boot and at each change
${DOCUMENTATION}${ORDER}After=${RECOMPILE_UNITS.success} ${RECOMPILE_UNITS.failure}
OnSuccess=${RECOMPILE_UNITS.success}
OnFailure=${RECOMPILE_UNITS.failure}
${ALLOCATORS.map((names) => `Before=${names.join(" ")}\n`).join("")}
${compiles(manager)}ExecStartPost=-/bin/systemctl reset-failed ${RECOMPILE_UNITS.failure}

[Install]
WantedBy=multi-user.target
`;
}

/** What the service starts at its end. */
export function recompileUnit(manager: Manager): string {
  return `${UNIT_MARKER}
[Unit]
Description=Compile what has changed since the reservations of ports were compiled
${DOCUMENTATION}${ORDER}
${compiles(manager)}`;
}

const DOCUMENTATION = "Documentation=man:portreservectl(8)\n";

/** A burst of changes must not end in the start limit, which would leave a path unit failed. */
const ORDER = `DefaultDependencies=no
After=local-fs.target
Conflicts=shutdown.target
Before=shutdown.target
StartLimitIntervalSec=0
`;

/** By what 'journalctl -t' finds what the compiling units say, which would be found as 'node' otherwise. */
export const JOURNAL_NAME = "portreserve";

/**
 * Status 1 says that lines were rejected: the others are in force. With RemainAfterExit= the service would be active after
 * its work, and no path unit could start it again: what it came to is in its status text instead.
 */
function compiles({ node, manager }: Manager): string {
  return `[Service]
Type=oneshot
ExecStart=${execProgram(node)} ${execArgument(manager)} compile --settle
SuccessExitStatus=1
NotifyAccess=main
SyslogIdentifier=${JOURNAL_NAME}
`;
}

/** Names and texts of all unit files. `places`: as `PATH_UNITS`. */
export function unitTexts(places: readonly string[], manager: Manager): readonly (readonly [string, string])[] {
  return [
    [SERVICE_UNIT, serviceUnit(manager)],
    [RECOMPILE_TEMPLATE, recompileUnit(manager)],
    ...PATH_UNITS.map((name, at) => [name, pathUnit(places[at] ?? "")] as const),
  ];
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

/** The symbolic links that 'systemctl enable' makes in the administrator's folder of units, `folder`, for units in it or in another. */
export function enablingLinks(folder: string, units = folder): { readonly path: string; readonly target: string }[] {
  const paths = PATH_UNITS.map((unit) => ["paths.target", unit] as const);
  return [...paths, ["multi-user.target", SERVICE_UNIT] as const].map(([target, unit]) => ({
    path: `${folder}/${target}.wants/${unit}`,
    target: `${units}/${unit}`,
  }));
}
