// The units that install writes, letter by letter.
import { expect, test } from "vitest";
import { enablingLinks, pathUnit, recompileUnit, serviceUnit, unitTexts } from "../../src/core/systemd/unit-texts.ts";

test("writes a unit that watches one place", () => {
  expect(pathUnit("/srv/50%")).toBe(`# Written by 'portreservectl install'; 'portreservectl uninstall' removes it.
[Unit]
Description=Watch /srv/50%% for reservations of ports
Documentation=man:portreservectl(8)

[Path]
PathChanged=/srv/50%%
Unit=portreserve.service

[Install]
WantedBy=paths.target
`);
});

const ODD = { node: "/opt/node 20/bin/node", manager: "/opt/$x/100%/manager.mjs" };

test("writes the unit that compiles, in front of all that allocates, and starts the second one at its end", () => {
  expect(
    serviceUnit(ODD).replace(/^Before=.*\.service\n/gm, "Before=…\n"),
  ).toBe(`# Written by 'portreservectl install'; 'portreservectl uninstall' removes it.
[Unit]
Description=Compile the reservations of ports, at boot and at each change
Documentation=man:portreservectl(8)
DefaultDependencies=no
After=local-fs.target
Conflicts=shutdown.target
Before=shutdown.target
StartLimitIntervalSec=0
After=portreserve-recompile@success.service portreserve-recompile@failure.service
OnSuccess=portreserve-recompile@success.service
OnFailure=portreserve-recompile@failure.service
Before=…
Before=…
Before=…
Before=…

[Service]
Type=oneshot
ExecStart="/opt/node 20/bin/node" "/opt/$$x/100%%/manager.mjs" compile --settle
SuccessExitStatus=1
NotifyAccess=main
SyslogIdentifier=portreserve
ExecStartPost=-/bin/systemctl reset-failed portreserve-recompile@failure.service

[Install]
WantedBy=multi-user.target
`);
});

test("writes the second unit that compiles, which nothing else starts", () => {
  expect(recompileUnit(ODD)).toBe(`# Written by 'portreservectl install'; 'portreservectl uninstall' removes it.
[Unit]
Description=Compile what has changed since the reservations of ports were compiled
Documentation=man:portreservectl(8)
DefaultDependencies=no
After=local-fs.target
Conflicts=shutdown.target
Before=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart="/opt/node 20/bin/node" "/opt/$$x/100%%/manager.mjs" compile --settle
SuccessExitStatus=1
NotifyAccess=main
SyslogIdentifier=portreserve
`);
});

test("gives each watched place a unit of its own, and has all but the second service started at boot", () => {
  const manager = { node: "/n", manager: "/m" };
  expect(unitTexts(["/owners", "/services", "/blacklist"], manager)).toEqual([
    ["portreserve.service", serviceUnit(manager)],
    ["portreserve-recompile@.service", recompileUnit(manager)],
    ["portreserve.path", pathUnit("/owners")],
    ["portreserve-services.path", pathUnit("/services")],
    ["portreserve-blacklist.path", pathUnit("/blacklist")],
  ]);
  expect(enablingLinks("/units").map(({ path, target }) => `${path} -> ${target}`)).toEqual([
    "/units/paths.target.wants/portreserve.path -> /units/portreserve.path",
    "/units/paths.target.wants/portreserve-services.path -> /units/portreserve-services.path",
    "/units/paths.target.wants/portreserve-blacklist.path -> /units/portreserve-blacklist.path",
    "/units/multi-user.target.wants/portreserve.service -> /units/portreserve.service",
  ]);
});
