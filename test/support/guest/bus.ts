// The message bus, of which the packages bring no units to every machine; systemd-run needs it.
import { skipReason } from "../can.ts";
import type { Guest } from "./guest.ts";

export const noBus = skipReason({ program: "dbus-daemon", package: "dbus-daemon" });

const CONFIGURATION = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
`;

/** For `bootGuest`; nothing starts it. */
export const BUS = {
  "/etc/bus.conf": CONFIGURATION,
  "/etc/systemd/system/dbus.socket": "[Socket]\nListenStream=/run/dbus/system_bus_socket\n",
  "/etc/systemd/system/dbus.service":
    "[Unit]\nRequires=dbus.socket\n[Service]\nExecStart=/usr/bin/dbus-daemon --config-file=/etc/bus.conf --address=systemd: --nofork --nopidfile\n",
};

/** The first process connects to the bus when it likes. */
export async function startBus(guest: Guest): Promise<void> {
  await guest.output(`systemctl start dbus.socket dbus.service
until systemd-run --wait --quiet --collect true 2>/dev/null; do sleep 0.02; done`);
}
