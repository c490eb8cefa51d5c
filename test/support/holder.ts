// The program that holds ports, for tests of what the manager has to do with it.
import { existsSync } from "node:fs";
import path from "node:path";
import { nativeFolder } from "../../src/core/native.ts";
import { HOLDER_UNIT } from "../../src/system/paths.ts";
import { stagedNatives } from "./stage/stage.ts";

const NAME = "portreserve-hold";

/** Whether it was built with the other native parts. */
export const hasHolder: boolean = existsSync(path.join(nativeFolder(), NAME));

/** Where every user may start it. */
export const HOLDER: string = path.join(stagedNatives(), NAME);

/** For sh(1) on a booted system: `main` shows its process, `killed` kills that and waits until systemd has started another. */
export const HOLDER_KILLED = `main() { systemctl show -P MainPID ${HOLDER_UNIT}; }
active() { [ "$(systemctl is-active ${HOLDER_UNIT})" = active ]; }
killed() {
  old=$(main); kill -9 $old
  # Between its end and its next start there is none: 0.
  until now=$(main); [ $now != $old ] && [ $now != 0 ] && active; do sleep 0.02; done
}
`;
