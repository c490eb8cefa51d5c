// How much of a disk the Debian package takes, and what of it is what.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { have, root } from "../step.mjs";
import { exactly, goal } from "./section.mjs";

const KINDS = [
  ["the manager", /\/portreservectl\.mjs$/],
  ["native parts", /\.(so|node)$|\/portreserve-(probe|hold|pidexec)[^/]*$/],
  ["documentation", /^usr\/share\/(doc|man)\//],
  ["the rest", /./],
];

function said(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`);
  return stdout.trim();
}

/** KiB of each kind of file below a folder, links left out. */
function sizes(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => lstatSync(path.join(folder, name)).isFile());
  const kinds = new Map(KINDS.map(([kind]) => [kind, 0]));
  for (const name of files) {
    const [kind] = KINDS.find(([, pattern]) => pattern.test(name));
    kinds.set(kind, kinds.get(kind) + lstatSync(path.join(folder, name)).size / 1024);
  }
  return [...kinds];
}

export function installed() {
  const section = { id: "installed", title: "On disk", notes: [], tables: [], goals: [], skipped: [], data: [] };
  if (!have("dpkg-deb", "dpkg")) section.skipped.push("all of it: there is no dpkg-deb here");
  else if (!existsSync(path.join(root, "prebuilds", `linux-${process.arch}`)))
    section.skipped.push("all of it: there are no prebuilt parts (npm run build:prebuilt)");
  if (section.skipped.length > 0) return section;
  const folder = mkdtempSync(path.join(tmpdir(), "portreserve-bench-"));
  try {
    said(process.execPath, "scripts/package/deb.mjs", "--arch", process.arch, "--out", folder);
    const [name] = readdirSync(folder);
    const file = path.join(folder, name);
    const whole = Number(said("dpkg-deb", "-f", file, "Installed-Size"));
    said("dpkg-deb", "-x", file, path.join(folder, "tree"));
    const kinds = sizes(path.join(folder, "tree"));
    const rows = [["the package itself", lstatSync(file).size / 1024], ["installed", whole], ...kinds];
    return {
      ...section,
      notes: [`'${name}', as 'npm run package:deb' makes it; 'installed' is what its own Installed-Size says.`],
      tables: [{ columns: ["what", "KiB"], rows: rows.map(([what, size]) => [what, size.toFixed(0)]) }],
      goals: [goal("the .deb, installed", exactly(whole), 6144, "KiB")],
      data: rows.map(([what, kibibytes]) => ({ name: what, kibibytes })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
