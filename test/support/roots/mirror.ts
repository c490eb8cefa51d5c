// Where this machine installs Debian's packages from, so that a mirror that it needs is used for roots too.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The mirror of this machine's own release, or of its updates by "-security"; undefined where it is no Debian, or has none. */
export function ownMirror(section: "" | "-security" = ""): string | undefined {
  const system = readFileSync("/etc/os-release", "utf8");
  const suite = /^VERSION_CODENAME="?([^"\n]*)/m.exec(system)?.[1];
  if (suite === undefined || !/^ID="?debian\b/m.test(system)) return undefined;
  const { stdout } = spawnSync("apt-get", ["indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)"], {
    encoding: "utf8",
  });
  const lines = (stdout ?? "").split("\n");
  return lines.find((line) => line.startsWith(`${suite}${section} main `))?.split(" ")[2];
}
