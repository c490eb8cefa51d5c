// After the build: makes the two commands executable, and puts them where `npx` looks first in a checkout.
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const folder = path.join(root, "node_modules", ".bin");
const { bin } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

mkdirSync(folder, { recursive: true });
for (const [name, target] of Object.entries(bin)) {
  const link = path.join(folder, name);
  chmodSync(path.join(root, target), 0o755);
  rmSync(link, { force: true });
  symlinkSync(path.relative(folder, path.join(root, target)), link);
}
