// The units that keep the table fresh and ports held, as systemd's own tools judge them.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { holderUnitText } from "../../src/core/systemd/holder-unit-text.ts";
import { METRICS_TIMER, METRICS_UNITS, metricsUnitTexts } from "../../src/core/systemd/metrics-unit-text.ts";
import {
  enablingLinks,
  PATH_UNITS,
  RECOMPILE_UNITS,
  SERVICE_UNIT,
  serviceUnit,
  unitTexts,
} from "../../src/core/systemd/unit-texts.ts";
import { isExecutableName } from "../../src/core/systemd/words.ts";
import {
  BLACKLIST_FILE,
  HOLDER_FILE,
  HOLDER_UNIT,
  HOLDER_WANTED,
  METRICS_FILE,
  OWNERS_FOLDER,
  SERVICES_FILE,
  UNIT_FOLDER,
} from "../../src/system/paths.ts";
import { named, skipFor, skipReason } from "../support/can.ts";
import { inFolder } from "./systemd-dump.ts";

const lacking = skipReason(
  { program: "systemd-analyze", package: "systemd" },
  { program: "systemctl", package: "systemd" },
);
/** Every unit that these files make. */
const UNITS = [SERVICE_UNIT, ...Object.values(RECOMPILE_UNITS), ...PATH_UNITS, HOLDER_UNIT, ...METRICS_UNITS];
const WATCHED = [OWNERS_FOLDER, SERVICES_FILE, BLACKLIST_FILE];

/** What systemd-analyze says of all our units, the service changed, with a node in `place`, below a temporary folder that it calls FOLDER. */
function verified(place: string, change: (service: string) => string = (service) => service): string {
  return inFolder({}, (folder) => {
    const node = path.join(folder, place, "node");
    mkdirSync(path.dirname(node), { recursive: true });
    writeFileSync(node, "#!/bin/sh\n");
    chmodSync(node, 0o755);
    const manager = { node, manager: path.join(folder, place, "manager.mjs") };
    for (const [name, text] of [...unitTexts(WATCHED, manager), ...metricsUnitTexts(manager, METRICS_FILE)]) {
      writeFileSync(path.join(folder, name), name === SERVICE_UNIT ? change(text) : text);
    }
    writeFileSync(path.join(folder, HOLDER_UNIT), holderUnitText(node));
    const run = spawnSync("systemd-analyze", ["verify", "--man=no", ...UNITS.map((name) => `./${name}`)], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH, LC_ALL: "C", SYSTEMD_COLORS: "0" },
    });
    return `${run.stdout}${run.stderr}`.replaceAll(folder, "FOLDER");
  });
}

describe.skipIf(lacking !== undefined)(named("systemd-analyze verify", lacking), () => {
  const PLACES = [
    "plain",
    "with space",
    " edges ",
    "per%cent%n",
    "$HOME/$" + "{HOME}",
    "#hash;",
    "é",
    "-@+!:",
    "a*[b]?",
    "tab\there",
  ];

  test.each(PLACES)("has nothing to say about a node in '%s'", (place) => {
    const allowed = isExecutableName(`/${place}`);
    expect(allowed).toBe(place !== "tab\there");
    expect(verified(place)).toEqual(
      allowed ? "" : expect.stringContaining("Executable name contains special characters: FOLDER/"),
    );
  });

  test.each(["qu'ote", 'qu"ote', "back\\slash", "line\nfeed"])("refuses a node in '%s', and so do we", (place) => {
    expect(verified(place)).toContain("Executable name contains special characters: FOLDER/");
    expect(isExecutableName(`/${place}/node`)).toBe(false);
  });

  test("finds what is wrong, where something is", () => {
    expect(verified("with space", (text) => text.replaceAll('"', ""))).toBe(
      "portreserve.service: Command FOLDER/with is not executable: No such file or directory\n",
    );
    expect(verified("plain", (text) => text.replace("Type=oneshot", "Typ=oneshot"))).toContain("Unknown key");
  });
});

test.skipIf(lacking !== undefined)(named("makes the links that systemctl enable makes", lacking), () => {
  inFolder({}, (root) => {
    const folder = path.join(root, UNIT_FOLDER);
    mkdirSync(folder, { recursive: true });
    const manager = { node: "/usr/bin/node", manager: "/m" };
    for (const [name, text] of [...unitTexts(WATCHED, manager), ...metricsUnitTexts(manager, METRICS_FILE)]) {
      writeFileSync(path.join(folder, name), text);
    }
    writeFileSync(path.join(folder, HOLDER_UNIT), holderUnitText(HOLDER_FILE));
    expect(spawnSync("systemctl", [`--root=${root}`, "enable", ...UNITS]).status).toBe(0);
    const made = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".wants/"));
    expect(
      made
        .map((name) => ({ path: `${UNIT_FOLDER}/${name}`, target: readlinkSync(path.join(folder, name)) }))
        .toSorted(byPath),
    ).toEqual(
      [
        ...enablingLinks(UNIT_FOLDER),
        { path: HOLDER_WANTED, target: `${UNIT_FOLDER}/${HOLDER_UNIT}` },
        // Which uninstall takes away, and nobody but the administrator makes.
        {
          path: `${UNIT_FOLDER}/timers.target.wants/${METRICS_TIMER}`,
          target: `${UNIT_FOLDER}/${METRICS_TIMER}`,
        },
      ].toSorted(byPath),
    );
  });
});

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

const DEBIAN = [
  "rpcbind",
  "rpc-statd",
  "rpc-statd-notify",
  "rpc-gssd",
  "nfs-idmapd",
  "nfs-ganesha",
  "ypserv",
  "ypbind",
  "openbsd-inetd",
];
const installed = DEBIAN.filter((name) => existsSync(`/lib/systemd/system/${name}.service`));
const nothing = skipFor(
  installed.length === 0 ? "none of the daemons that allocate ports is installed, such as nfs-common" : undefined,
);

test.skipIf(nothing !== undefined)(
  named("comes before the services of the packages that allocate ports", nothing),
  () => {
    const before =
      serviceUnit({ node: "/usr/bin/node", manager: "/m" })
        .match(/^Before=.*$/gm)
        ?.join(" ") ?? "";
    expect(installed.filter((name) => !before.split(/[= ]/).includes(`${name}.service`))).toEqual([]);
  },
);
