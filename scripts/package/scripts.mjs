// The scripts of the packages: each is what its kind has in `deb` or `rpm`, after the functions of `sh` that it needs.
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "../step.mjs";

/** Which files of `sh` each has before itself, beside common.sh. */
const NEEDS = {
  deb: {
    postinst: ["upgrade"],
    postrm: ["forget"],
    preinst: ["trial"],
    prerm: ["removal"],
  },
  rpm: {
    pre: ["trial"],
    post: ["upgrade"],
    preun: ["removal"],
    postun: ["forget"],
    posttrans: ["upgrade"],
    transfiletriggerin: ["upgrade"],
    transfiletriggerpostun: ["upgrade"],
  },
};

/** Names and texts for "deb" or "rpm". `prebuilds`: where this version's shims are. */
export function scriptTexts(kind, { arch, prebuilds }) {
  return Object.entries(NEEDS[kind]).map(([name, needs]) => {
    const [title, ...lines] = textOf(kind, name).split("\n");
    const shared = ["common", ...needs].map((file) => textOf("sh", file).replace(/^#.*\n/, "")).join("\n");
    const shims = needs.includes("trial") ? `${shimsText(arch, prebuilds)}\n` : "";
    const own = lines.join("\n").trimStart();
    return [name, `#!/bin/sh\n${title}\nset -e\n\n${shared.replaceAll("@NODE_ARCH@", arch)}\n${shims}${own}`];
  });
}

function textOf(folder, name) {
  const file = path.join(root, "scripts/package", folder, `${name}.sh`);
  return readFileSync(file, "utf8").replace(/^# shellcheck shell.*\n/m, "");
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
