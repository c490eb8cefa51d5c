// Makes the Debian packages out of the prebuilt parts and the bundle, with dpkg-deb alone: equal inputs give equal bytes.
// usage: npm run package:deb [-- OPTION…], as scripts/package/request.mjs has them
import { createHash } from "node:crypto";
import path from "node:path";
import { layOut } from "./layout.mjs";
import { moveInto, packageRequest, runPackager } from "./request.mjs";
import { scriptTexts } from "./scripts.mjs";
import { controlText } from "./texts.mjs";
import { sizeOf, writeTree } from "./tree.mjs";

/** Node's names, and Debian's. */
const ARCHS = { x64: "amd64", arm64: "arm64" };

const request = packageRequest();
const { version, epoch, out, stage } = request;
for (const { arch, prebuilds } of request.archs) {
  const debian = ARCHS[arch];
  const entries = await layOut("deb", { ...request, arch, prebuilds });
  const sums = entries
    .filter(({ bytes }) => bytes !== undefined)
    .map(({ path: file, bytes }) => `${createHash("md5").update(bytes).digest("hex")}  ${file}\n`);
  const control = [
    { path: "DEBIAN/control", bytes: Buffer.from(controlText({ debian, version, size: sizeOf(entries) })) },
    { path: "DEBIAN/md5sums", bytes: Buffer.from(sums.join("")) },
    { path: "DEBIAN/triggers", bytes: Buffer.from("interest-noawait /etc/portreserve\n") },
    ...scriptTexts("deb", { arch, prebuilds }).map(([name, text]) => ({
      path: `DEBIAN/${name}`,
      bytes: Buffer.from(text),
      mode: 0o755,
    })),
  ];
  const tree = path.join(stage, arch);
  writeTree(tree, [...entries, ...control], epoch);
  const made = path.join(stage, `portreservectl_${version}_${debian}.deb`);
  const args = ["--root-owner-group", "-Zxz", "--build", tree, made];
  runPackager("dpkg-deb", args, { epoch, debianPackage: "dpkg" });
  console.log(moveInto(out, made));
}
