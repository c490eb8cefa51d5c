// Before `npm pack`: without all native parts the package would install and then not work, so it is not made.
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { archs, parts } from "./parts.mjs";
import { root } from "./step.mjs";

const wanted = [
  ...["dist/portreservectl.mjs", "dist/portrelease.js"].map((name) => [name, "npm run build"]),
  ...archs.flatMap((arch) => parts(arch).map((name) => [`prebuilds/linux-${arch}/${name}`, "npm run prebuild"])),
];
const missing = wanted.filter(([name]) => !existsSync(path.join(root, name)));
for (const [name, cure] of missing) console.error(`error: '${name}' is missing: '${cure}' makes it`);
process.exit(missing.length > 0 ? 1 : 0);
