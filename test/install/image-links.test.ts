// Links in an image lead nowhere out of it, whoever made them.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { ENTRY, HOME, LIST, library, noHost, onHost, treeDifferences } from "../support/host.ts";
import { imageOf, SYSTEMD } from "./image.ts";

const FOLDER = path.dirname(library);

const notHere = await noHost();
describe.skipIf(notHere !== undefined)(named("links in an image", notHere), () => {
  test("never lead root out of it", async () => {
    const root = imageOf(SYSTEMD);
    const links = {
      [LIST]: "/etc/passwd",
      "/etc/portreserve.table": "../../../../../../etc/group",
      "/etc/systemd": "/etc/skel",
      [FOLDER]: "/usr/games",
      [HOME]: "/../../usr/share/portreserve",
    };
    for (const folder of ["etc/skel/system", "usr/games", "usr/share/portreserve"])
      mkdirSync(path.join(root, folder), { recursive: true });
    for (const [link, target] of Object.entries(links)) symlinkSync(target, root + link);
    writeFileSync(path.join(root, "etc/passwd"), "");
    const ran = await onHost(
      `step others ctl install --root "$IMAGE"
chown -R -h 0:0 "$IMAGE"
step before tree
step install ctl install --root "$IMAGE"
step after tree
step list cat "$IMAGE/etc/passwd"
step written ls "$IMAGE/etc/group" "$IMAGE/etc/skel/system/portreserve.service" "$IMAGE/usr/games" "$IMAGE/usr/share/portreserve"
step uninstall ctl uninstall --root "$IMAGE"
step end tree`,
      { environment: { IMAGE: root } },
    );
    // Who owns a folder could make other links while root is at work.
    expect(ran("others")).toEqual({
      status: 5,
      stdout: "",
      stderr: `portreservectl: error: somebody else than root may change '${root}', and could have root write outside of the image; nothing was changed
hint: run it as the user whose image it is, or make it root's: see 'ls -ld ${root}'
`,
    });
    expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
    expect(ran("list").stdout).toBe(`${ENTRY} \n`);
    expect(ran("written")).toMatchObject({ status: 0, stdout: expect.stringContaining("libportreserve.so\n") });
    expect(ran("uninstall")).toMatchObject({ status: 0, stderr: "" });
    expect(treeDifferences(ran("before"), ran("end"))).toEqual([]);
  });
});
