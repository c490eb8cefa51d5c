// The program that holds ports, for tests of what the manager has to do with it.
import { existsSync } from "node:fs";
import path from "node:path";
import { nativeFolder } from "../../src/core/native.ts";
import { stagedNatives } from "./stage/stage.ts";

const NAME = "portreserve-hold";

/** Whether it was built with the other native parts. */
export const hasHolder: boolean = existsSync(path.join(nativeFolder(), NAME));

/** Where every user may start it. */
export const HOLDER: string = path.join(stagedNatives(), NAME);
