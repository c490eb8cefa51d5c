// Builds what ships with node-gyp into build/Release; a second run only builds what changed.
import { existsSync } from "node:fs";
import path from "node:path";
import { nodeGyp } from "./node-gyp.mjs";
import { root } from "./step.mjs";

const configured = existsSync(path.join(root, "build", "Makefile"));
for (const step of configured ? ["build"] : ["configure", "build"]) nodeGyp(root, [step]);
