// Metrics as the program writes them in real scenes: one sandbox with a host of its own, on which one thing after another goes wrong.
import { HOLDER } from "../../support/holder.ts";
import { onHost } from "../../support/host.ts";

/** What can be the matter with a host; `healthy` is the control. */
const SCENES = [
  "bare",
  "stolen",
  "healthy",
  "held",
  "holder-down",
  "rejected",
  "stale-table",
  "few-ports",
  "unknown",
] as const;
export type Scene = (typeof SCENES)[number];

/**
 * The thief asks for 631 before anything is installed. The program that root's units run is what is installed, and its
 * table follows the configuration only where somebody compiles.
 */
const SCRIPT = `
scene() { ctl status --output "$SCRATCH/$1.prom" && cat "$SCRATCH/$1.prom"; }
compile() { ctl compile "$@" >/dev/null 2>&1; }
step bare scene bare
background "$SCRATCH/thief" thief "$PROBE" --symbol bindresvport --hold
until_works grep -q 631 "$SCRATCH/thief"
step install ctl install
step stolen scene stolen
kill "$THIEF"; wait $! 2>/dev/null
step healthy scene healthy

echo 640/tcp hold >/etc/portreserve/kept; compile
mkdir -p /run/portreserve
background "$SCRATCH/holder" "$HOLDER"
holding=$!
until_works grep -q 640 /run/portreserve/hold.json
step held scene held
kill -9 $holding; wait $holding 2>/dev/null
step holder-down scene holder-down
rm /etc/portreserve/kept; compile

echo 80000 >/etc/portreserve/bad; compile
step rejected scene rejected
rm /etc/portreserve/bad
echo 641 >/etc/portreserve/new
step stale-table scene stale-table
echo 512-1000 >/etc/portreserve/new; compile --force
step few-ports scene few-ports
rm /etc/portreserve/new; compile
# Root, as a unit is whose drop-in takes too much away.
step unknown setpriv --bounding-set=-sys_ptrace "$NODE" "$MANAGER" status --prometheus
`;

/** The files, by scene. Throws where one could not be written. */
export async function recordedScenes(): Promise<Readonly<Record<Scene, string>>> {
  const steps = await onHost(SCRIPT, { environment: { HOLDER } });
  return Object.fromEntries(
    SCENES.map((scene) => {
      const { status, stdout, stderr } = steps(scene);
      if (status !== 0 || stdout === "") throw new Error(`no metrics of '${scene}': ${stderr}`);
      return [scene, stdout];
    }),
  ) as Record<Scene, string>;
}
