// Before `npm pack`: without prebuilt native parts the package would install and then not work, so it is not made.
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "./step.mjs";

if (!existsSync(path.join(root, "prebuilds", `${process.platform}-${process.arch}`))) {
  console.error(
    `error: no prebuilt native parts for ${process.platform}-${process.arch}; this version is used from a checkout`,
  );
  process.exit(1);
}
