// Programs that scripts need: which of them are missing, and which of Debian's packages have them.
import { spawnSync } from "node:child_process";
import process from "node:process";

/** Each as { program, debianPackage }: what a build with node-gyp starts, with the compilers that `environment` names. */
export function buildTools(environment = process.env) {
  return [
    { program: environment.CC || "cc", debianPackage: "build-essential" },
    { program: environment.CXX || "c++", debianPackage: "build-essential" },
    { program: "make", debianPackage: "build-essential" },
    { program: environment.PYTHON || "python3", debianPackage: "python3" },
  ];
}

/** Those of them that cannot be started. */
export function missing(tools) {
  return tools.filter(({ program }) => spawnSync(program, ["--version"], { stdio: "ignore" }).error);
}

/** Says what is missing and what to install; nothing if nothing is. The last line is for a way around it. */
export function explain(lacking, around = "") {
  if (lacking.length === 0) return "";
  const programs = lacking.map(({ program }) => `'${program}'`).join(", ");
  const packages = [...new Set(lacking.map(({ debianPackage }) => debianPackage))].join(" ");
  const install = `hint: on Debian and Ubuntu: sudo apt-get install ${packages}`;
  return `error: missing: ${programs}\n${install}${around === "" ? "" : `; ${around}`}\n`;
}
