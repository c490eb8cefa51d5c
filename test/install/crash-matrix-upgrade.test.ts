// Killed at each call of an upgrade, each file is the old one or the new one, whole, and programs run on. PORTRESERVE_FULL=1 adds the points that the matrix of install has too.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { judge } from "../support/fault/judge.ts";
import { differences } from "../support/fault/listing.ts";
import { runMatrix } from "../support/fault/matrix.ts";
import { newKills, PATIENCE } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";

const notHere = noScene();
const INSTALL = `${MANAGER} install`;
const UNINSTALL = `${MANAGER} uninstall`;
const HOME = "/usr/lib/portreserve";
const LIBRARIES = "/usr/lib*/portreserve/libportreserve*.so /usr/lib/*/portreserve/libportreserve*.so";

/** Whatever has our mark is ours, whichever bytes follow it: nothing reads those after the end of a library. */
const OLDER = `mkdir -p /etc/portreserve && echo 631 hold >/etc/portreserve/cups && ${INSTALL} && echo 873 >/etc/portreserve/rsyncd
older() {
  cp -p "$1" "$1.new" && echo "$2 older" >>"$1.new" && mv "$1.new" "$1" || exit 1
}
for file in ${LIBRARIES}; do [ ! -f "$file" ] || older "$file" ""; done
for file in ${HOME}/portreserve-hold ${HOME}/dist/* ${HOME}/prebuilds/*/*; do older "$file" ""; done
for file in /etc/systemd/system/portreserve*.*; do older "$file" "#"; done
sed -i 's/"version":"[^"]*"/"version":"0.0.1"/' ${HOME}/package.json`;

/** What an upgrade must replace; the table's own matrix is that of compile. */
const REPLACED =
  /^\/(usr\/lib.*\/(libportreserve.*\.so|portreserve(-\w+)*(\.node)?|package\.json|portreservectl\.mjs)|etc\/systemd\/system\/portreserve[^/]*)$/;

describe.skipIf(notHere !== undefined)(named("killed at each call", notHere), () => {
  test(
    "an upgrade",
    async () => {
      const matrix = await runMatrix(
        { prepare: OLDER, command: INSTALL, continuations: { install: INSTALL, uninstall: UNINSTALL } },
        newKills,
      );
      const { summary, failures } = judge("crash matrix of an upgrade", matrix);
      console.log(summary);
      expect(failures).toEqual([]);
      const { before, after } = matrix.undisturbed;
      const changed = differences(before.listing, after.listing);
      const replaced = changed.filter((name) => REPLACED.test(name));
      expect(changed.filter((name) => !replaced.includes(name))).toEqual(["/etc/portreserve.table"]);
      expect(replaced).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^\/usr\/lib.*\/portreserve\/libportreserve\.so$/),
          expect.stringMatching(/^\/usr\/lib.*\/portreserve\/libportreserve-share\.so$/),
          `${HOME}/package.json`,
          `${HOME}/portreserve-hold`,
          `${HOME}/dist/portreservectl.mjs`,
          "/etc/systemd/system/portreserve.path",
          "/etc/systemd/system/portreserve.service",
          "/etc/systemd/system/portreserve-hold.service",
        ]),
      );
      const seen = replaced.map((name) => {
        const names = new Map([before, after].map(({ listing }, index) => [listing.get(name), ["old", "new"][index]]));
        const found = matrix.results.map(({ first }) => names.get(first.listing.get(name)) ?? "neither");
        return [name, [...new Set(found)].join(", ")];
      });
      expect(seen).toEqual(replaced.map((name) => [name, "old, new"]));
    },
    PATIENCE,
  );
});
