// The words of the Debian package: its control file, its scripts, its copyright, and what lintian is told.
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "../step.mjs";

export const NAME = "portreservectl";
const MAINTAINER = process.env.DEBEMAIL ?? "The portreserve authors <portreserve@users.noreply.github.com>";

export function controlText({ debian, version, size }) {
  return `Package: ${NAME}
Version: ${version}
Architecture: ${debian}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: nodejs (>= 18.19), libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)
Conflicts: portreserve
Replaces: portreserve
Provides: portreserve
Section: admin
Priority: optional
Description: keep bindresvport() from handing out ports that services need
 Programs that ask for "any privileged port", such as rpc.statd and ypbind, can
 get the port of a service that has yet to start, for example 631 of CUPS. With
 a small preloaded library they step over the ports that are reserved in
 /etc/portreserve, whose files are those of the portreserve daemon; nothing is
 held, and nothing has to be released.
 .
 Installing this package covers nothing yet: 'portreservectl install' tries the
 library on this system's own programs, and puts it into /etc/ld.so.preload.
`;
}

/** Names and texts; each has what they share at its beginning. */
export function scriptTexts(arch, prebuilds) {
  const folder = path.join(root, "scripts", "package", "deb");
  const text = (name) => readFileSync(path.join(folder, `${name}.sh`), "utf8").replace(/^# shellcheck shell.*\n/m, "");
  const shared = text("common").replace(/^#.*\n/, "");
  return ["postinst", "postrm", "preinst", "prerm"].map((name) => {
    const [title, ...lines] = text(name).split("\n");
    const own = lines.join("\n").replaceAll("@NODE_ARCH@", arch);
    const shims = name === "preinst" ? `${shimsText(arch, prebuilds)}\n` : "";
    return [name, `#!/bin/sh\n${title}\nset -e\n\n${shared}\n${shims}${own.trimStart()}`];
  });
}

/** A function that writes this version's shims into a folder. */
function shimsText(arch, prebuilds) {
  const names = ["libportreserve.so", ...(arch === "x64" ? ["libportreserve-i386.so"] : [])];
  const writes = names.map((name) => {
    const text = readFileSync(path.join(prebuilds, name)).toString("base64").replace(/.{76}/g, "$&\n");
    return `  base64 -d >"$1/${name}" <<'END'\n${text}\nEND\n`;
  });
  return `shims() {\n${writes.join("")}}\n`;
}

export function copyrightText() {
  const licence = readFileSync(path.join(root, "LICENSE"), "utf8");
  const body = licence.slice(licence.indexOf("Permission is")).trimEnd().split("\n");
  const years = /Copyright \(c\) (.*)/.exec(licence)?.[1];
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: portreserve

Files: *
Copyright: ${years}
License: Expat

Files: dist/portreservectl.mjs
Copyright: ${years}
 2017 Mathias Buus (node-gyp-build)
License: Expat

License: Expat
${body.map((line) => (line === "" ? " ." : ` ${line}`)).join("\n")}
`;
}

/** The package has no history of its own: the first entry says where to look. */
export function changelogText({ version, epoch }) {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `portreservectl (${version}) unstable; urgency=medium

  * Made from the sources of this version by 'npm run package:deb'; changelog.gz
    says what has changed.

 -- ${MAINTAINER}  ${date}
`;
}

/** What is meant to be as it is, each with its reason. */
export function overridesText(debian) {
  const names = ["lintian-overrides", ...(debian === "amd64" ? ["lintian-overrides.i386"] : [])];
  return names.map((name) => readFileSync(path.join(root, "scripts/package/deb", name), "utf8")).join("");
}
