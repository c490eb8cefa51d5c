// Killed after, or in the middle of, each call that changes a file, 'mechanisms' leaves each file as it was or as it is to be.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import type { Call } from "../support/fault/inject.ts";
import { judge } from "../support/fault/judge.ts";
import { type Matrix, runMatrix } from "../support/fault/matrix.ts";
import { everyKill, type Point } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";
import { FULL } from "../support/full.ts";

const notHere = noScene();
// Those that are files alone on this host: the kernel's own list would be none of a saved state.
const BOTH = "nfs-range noresvport";
const FIXED = "fixed";
// Of a folder that was made for a file, a run that is killed between the two leaves an empty one: here they are there before.
const RESERVE =
  "mkdir -p /etc/portreserve /etc/modprobe.d /etc/sysctl.d /etc/nfsmount.conf.d && echo 749 >/etc/portreserve/kadmind";
/** Some that are installed, also where they are not; ypserv is left to the host. */
const DAEMONS = `mkdir -p /etc/nfs.conf.d /etc/default /usr/share/quota /etc/systemd/system/ypserv.service.d /etc/systemd/system/yppasswdd.service.d && printf 'RPCRQUOTADOPTS=' >/etc/default/quota &&
for file in /usr/sbin/rpc.statd /usr/sbin/rpc.mountd /usr/sbin/rpc.rquotad /usr/share/quota/quotarpc.sh; do
  [ -e $file ] || : >$file || exit 1
done`;
const FILES: Readonly<Record<string, readonly string[]>> = {
  [BOTH]: [
    "/etc/modprobe.d/portreserve.conf",
    "/etc/sysctl.d/zz-portreserve-nfs-range.conf",
    "/etc/nfsmount.conf.d/portreserve.conf",
  ],
  [FIXED]: [
    "/etc/portreserve/fixed",
    "/etc/default/quota",
    "/etc/nfs.conf.d/portreserve.conf",
    "/etc/modprobe.d/portreserve-fixed.conf",
    "/etc/sysctl.d/zz-portreserve-fixed.conf",
  ],
};

/** By default a share of the points: the lock and the folders are those of every verb. */
const choose = (calls: readonly Call[]): readonly Point[] =>
  everyKill(
    FULL
      ? calls
      : calls.filter(({ paths }) =>
          paths.some((path) =>
            /\/(modprobe\.d|sysctl\.d|nfsmount\.conf\.d|nfs\.conf\.d|default)\/|\/portreserve\/\.?fixed/.test(path),
          ),
        ),
  );

/** The hash of each file in every state that was left: nothing but these may be found. */
function versions(files: readonly string[], { undisturbed: { before, after }, results }: Matrix): readonly string[] {
  const hashOf = (listing: Matrix["results"][number]["first"]["listing"], file: string): string =>
    listing.get(file)?.split(" ").at(-1) ?? "none";
  return files.flatMap((file) => {
    const allowed = [hashOf(before.listing, file), hashOf(after.listing, file)];
    return results.map(({ first }) => hashOf(first.listing, file)).filter((hash) => !allowed.includes(hash));
  });
}

describe.skipIf(notHere !== undefined)(named("mechanisms", notHere), () => {
  test.each([
    ["apply", BOTH, RESERVE],
    ["remove", BOTH, `${RESERVE} && ${MANAGER} mechanisms apply ${BOTH} 2>/dev/null`],
    ["apply", FIXED, `${RESERVE} && ${DAEMONS}`],
    ["remove", FIXED, `${RESERVE} && ${DAEMONS} && ${MANAGER} mechanisms apply ${FIXED} 2>/dev/null`],
  ])(
    "%s %s: each file is the old one or the new one, and the next run finishes it",
    async (action, names, prepare) => {
      const files = FILES[names] ?? [];
      const matrix = await runMatrix(
        {
          prepare,
          command: `${MANAGER} mechanisms ${action} ${names}`,
          continuations: {
            again: `${MANAGER} mechanisms ${action} ${names}`,
            remove: `${MANAGER} mechanisms remove ${names}`,
          },
        },
        choose,
      );
      const { summary, failures } = judge(`crash matrix of mechanisms ${action} ${names}`, matrix);
      console.log(summary);
      expect(failures).toEqual([]);
      expect(versions(files, matrix)).toEqual([]);
      expect(matrix.results.length).toBeGreaterThan(3);
      // The control: it does change them.
      const { before, after } = matrix.undisturbed;
      for (const file of files) expect(after.listing.get(file)).not.toEqual(before.listing.get(file));
    },
    300_000,
  );
});
