// The words of the packages: Debian's control file, copyright and changelog, what lintian is told, and what rpm's spec shares.
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "../step.mjs";

export const NAME = "portreservectl";
export const SUMMARY = "keep bindresvport() from handing out ports that services need";
/** In paragraphs of lines. */
export const DESCRIPTION = [
  `Programs that ask for "any privileged port", such as rpc.statd and ypbind, can
get the port of a service that has yet to start, for example 631 of CUPS. With
a small preloaded library they step over the ports that are reserved in
/etc/portreserve, whose files are those of the portreserve daemon; nothing is
held, and nothing has to be released.`,
  `Installing this package covers nothing yet: 'portreservectl install' tries the
library on this system's own programs, and puts it into /etc/ld.so.preload.`,
];
export const MAINTAINER = process.env.DEBEMAIL ?? "The portreserve authors <portreserve@users.noreply.github.com>";

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
Description: ${SUMMARY}
${DESCRIPTION.map((text) => text.replace(/^/gm, " ")).join("\n .\n")}
`;
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
export function overridesText(arch) {
  const names = ["lintian-overrides", ...(arch === "x64" ? ["lintian-overrides.i386"] : [])];
  return names.map((name) => readFileSync(path.join(root, "scripts/package/deb", name), "utf8")).join("");
}
