// Before `npm pack` and `npm publish`: without all native parts, or with parts of other sources, the package would install
// and then not work, or not do what it says. So it is not made.
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { archs, wrongParts } from "./parts.mjs";
import { root } from "./step.mjs";

const programs = ["dist/portreservectl.mjs", "dist/portrelease.js"]
  .filter((name) => !existsSync(path.join(root, name)))
  .map((name) => `'${name}' is missing: 'npm run build' makes it`);
const natives = archs.flatMap((arch) => {
  const folder = `prebuilds/linux-${arch}`;
  const wrong = wrongParts(path.join(root, folder), arch);
  return wrong === undefined ? [] : [`'${folder}' ${wrong}: 'npm run build:prebuilt' builds it again`];
});
const faults = [...programs, ...natives];
for (const fault of faults) console.error(`error: ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
