// Makes the rpm packages out of the prebuilt parts and the bundle, with rpmbuild: equal inputs give equal bytes.
// usage: npm run package:rpm [-- OPTION…], as scripts/package/request.mjs has them
import { writeFileSync } from "node:fs";
import path from "node:path";
import { layOut } from "./layout.mjs";
import { moveInto, packageRequest, runPackager } from "./request.mjs";
import { scriptTexts } from "./scripts.mjs";
import { specText } from "./spec.mjs";
import { writeTree } from "./tree.mjs";

/** Node's names, and rpm's. */
const ARCHS = { x64: "x86_64", arm64: "aarch64" };

const request = packageRequest();
const { version, epoch, out, stage } = request;
for (const { arch, prebuilds } of request.archs) {
  const machine = ARCHS[arch];
  const entries = await layOut("rpm", { ...request, arch, prebuilds });
  const folder = path.join(stage, arch);
  const tree = path.join(folder, "tree");
  writeTree(tree, entries, epoch);
  const spec = path.join(folder, "portreservectl.spec");
  const scripts = scriptTexts("rpm", { arch, prebuilds });
  writeFileSync(spec, specText({ version, epoch, entries, scripts, tree }));
  // Nothing of this machine's or this user's own settings.
  const macros = [`_topdir ${folder}`, `_tmppath ${folder}`, "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm"];
  const defines = macros.flatMap((macro) => ["--define", macro]);
  const args = ["-bb", "--quiet", "--target", `${machine}-linux`, ...defines, spec];
  runPackager("rpmbuild", args, { epoch, debianPackage: "rpm" });
  console.log(moveInto(out, path.join(folder, "RPMS", `portreservectl-${version}.${machine}.rpm`)));
}
