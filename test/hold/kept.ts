// Scenes in which a service manager with a descriptor store, keep.c, has the holder.
import { compileC } from "../support/compile-c.ts";
import { type Scene, scene } from "./scene.ts";

const KEEP = compileC("test/hold/keep.c");
/**
 * In these scenes `manager [NAME SOCKET ,]…` starts the holder under a manager that starts it again whenever it ends, `again`
 * waits until it has, `stored` shows the names in the store, and `left` ends both.
 */
const MANAGER = `
STORE=--fdstore
is_another() { read -r now <"$SCRATCH/kept" && [ "$now" != "$HOLDER" ]; }
again() { until_works is_another; HOLDER=$now; until_works is_ready; }
manager() { rm -f "$SCRATCH/kept"; HOLDER=; "$KEEP" "$SCRATCH/kept" "$@" "$HOLD" --state "$STATE" $STORE 3>&- 4<&- 2>>"$SCRATCH/said" & MANAGER=$!; again; }
stored() { sed 1d "$SCRATCH/kept" | sort; }
reload() { rm "$STATE" "$SCRATCH/kept"; kill -HUP "$HOLDER"; until_works test -e "$SCRATCH/kept"; }
left() { kill "$MANAGER"; wait "$MANAGER"; echo "ended with $?"; }
`;

export const kept = (script: string, request: Scene = {}): Promise<readonly string[]> =>
  scene(MANAGER + script, { ...request, environment: { KEEP, ...request.environment } });
