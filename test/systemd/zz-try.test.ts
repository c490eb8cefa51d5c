import { expect, test } from "vitest";
import { HOLDER } from "../support/holder.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { holdFile } from "../hold/scene.ts";
const UNIT = `[Unit]
DefaultDependencies=no
Before=sysinit.target shutdown.target
Conflicts=shutdown.target
StartLimitIntervalSec=0
[Service]
Type=notify
NotifyAccess=main
ExecStart=${HOLDER} --fdstore
ExecReload=/bin/kill -HUP $MAINPID
FileDescriptorStoreMax=4096
LimitNOFILE=16384
Restart=always
RestartSec=0
OOMScoreAdjust=-1000
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateDevices=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallFilter=@system-service
SystemCallArchitectures=native
RuntimeDirectory=portreserve
RuntimeDirectoryPreserve=yes
`;
test("try", async () => {
  const ports = (n: number) => Array.from({length: n}, (_, i) => [`hold tcp ${2000+i}`, `hold udp ${2000+i}`]).flat();
  const t0 = Date.now();
  const guest = await bootGuest({ files: { "/etc/systemd/system/portreserve-hold.service": UNIT, "/etc/portreserve.hold": holdFile("hold tcp 631", "hold udp 631", "block udp 623"), "/etc/big": holdFile(...ports(250)), "/etc/huge": holdFile(...ports(1024)) } });
  console.log("boot", Date.now() - t0);
  try {
    const r = await guest.run(`
show() { echo "$1: $(systemctl show -P NFileDescriptorStore portreserve-hold) $(systemctl show -P ActiveState portreserve-hold) $(systemctl show -P MainPID portreserve-hold) $(systemctl show -P StatusText portreserve-hold)"; }
time systemctl start portreserve-hold; show start
for i in 1 2 3; do kill -9 $(systemctl show -P MainPID portreserve-hold); sleep 0.3; show killed; done
systemctl restart portreserve-hold; show restart
cp /etc/big /etc/portreserve.hold; time systemctl restart portreserve-hold; show big
kill -9 $(systemctl show -P MainPID portreserve-hold); sleep 1; show killed
time systemctl restart portreserve-hold; show "big again"
cp /etc/huge /etc/portreserve.hold; time systemctl restart portreserve-hold; show huge
kill -9 $(systemctl show -P MainPID portreserve-hold); sleep 8; show killed
time systemctl restart portreserve-hold; show "huge again"
tail -c 200 /run/portreserve/hold.json
systemctl stop portreserve-hold; show stop
journalctl --sync; journalctl -b -u portreserve-hold -o cat | tail -40
`, { timeout: 60_000 });
    console.log(r.stdout, r.stderr);
  } finally { await guest.stop(); }
});
