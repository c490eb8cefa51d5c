// The unit of portreserve-hold: early, started again each time it ends, with two rights, and with its sockets in systemd's keeping.
import { UNIT_MARKER } from "./unit-texts.ts";
import { execProgram } from "./words.ts";

/** Sockets that systemd keeps while the program is started again: the most there may be, each port in two families. */
const KEPT_SOCKETS = 4096;
/** It has those that it was handed, those that it makes, and as many again when another file is read. */
const DESCRIPTORS = 4 * KEPT_SOCKETS;

/**
 * All that it says is of something that it could not do, or can again: with a warning's priority, since it writes none.
 * `program`: its absolute path. It is there before any service that asks for a port, so it waits for nothing, and ends with
 * the machine only.
 */
export function holderUnitText(program: string): string {
  return `${UNIT_MARKER}
[Unit]
Description=Keep reserved ports for the services that own them
Documentation=man:portreserve-hold(8)
DefaultDependencies=no
Before=sysinit.target network-pre.target shutdown.target
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=${execProgram(program)} --fdstore
ExecReload=/bin/kill -HUP $MAINPID
FileDescriptorStoreMax=${KEPT_SOCKETS}
LimitNOFILE=${DESCRIPTORS}
Restart=always
RestartSec=1
OOMScoreAdjust=-1000
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=/run
ProtectHome=yes
PrivateDevices=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallFilter=@system-service
SystemCallArchitectures=native
IPAddressDeny=any
SyslogIdentifier=portreserve-hold
SyslogLevel=warning

[Install]
WantedBy=sysinit.target
`;
}
