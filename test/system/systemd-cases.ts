// Services with something in the way of LD_PRELOAD, or nothing, and what becomes of it.
import path from "node:path";
import { dropInPath, dropInText } from "../../src/core/systemd/drop-in.ts";
import { findEntry } from "../../src/core/systemd/environment.ts";
import { fromFiles } from "../../src/core/systemd/from-files.ts";
import { UNIT_FOLDER } from "../../src/system/paths.ts";

export const SHIM = "/usr/$LIB/portreserve/libportreserve.so";

/** A service's own settings and its drop-ins by name. Ours is added as install would write it. */
interface Case {
  readonly service: string;
  readonly dropIns?: Readonly<Record<string, string>>;
  readonly environmentFiles?: readonly string[];
  readonly setuid?: true;
  /** What LD_PRELOAD is in the program. */
  readonly arrives: string | undefined;
}

export const CASES: Readonly<Record<string, Case>> = {
  "nothing preloaded before": { service: "", arrives: SHIM },
  "libraries in the unit": { service: 'Environment="LD_PRELOAD=/a.so /b%%c.so"', arrives: `${SHIM}:/a.so:/b%c.so` },
  "libraries in an earlier drop-in": {
    service: "Environment=LD_PRELOAD=/a.so",
    dropIns: { "10-x.conf": "Environment=LD_PRELOAD=/x.so" },
    arrives: `${SHIM}:/x.so`,
  },
  "a later drop-in that sets it": {
    service: "",
    dropIns: { "60-x.conf": "Environment=LD_PRELOAD=/x.so" },
    arrives: "/x.so",
  },
  "a later drop-in that empties Environment=": {
    service: "",
    dropIns: { "x.conf": "Environment=" },
    arrives: undefined,
  },
  "an environment file that sets it": {
    service: "EnvironmentFile=/run/cases/%N.0",
    environmentFiles: ["A=b\nLD_PRELOAD='/x.so'\n"],
    arrives: "/x.so",
  },
  "environment files of which the last has ours": {
    service: "EnvironmentFile=/run/cases/%N.0\nEnvironmentFile=-/run/cases/%N.1\nEnvironmentFile=-/run/cases/none",
    environmentFiles: ["LD_PRELOAD=/x.so\n", `LD_PRELOAD="${SHIM}"\n`],
    arrives: SHIM,
  },
  "UnsetEnvironment= with the name": { service: "UnsetEnvironment=LD_PRELOAD", arrives: undefined },
  "UnsetEnvironment= with another value": { service: "UnsetEnvironment=LD_PRELOAD=/x.so", arrives: SHIM },
  "UnsetEnvironment= with this very value": { service: `UnsetEnvironment=LD_PRELOAD=${SHIM}`, arrives: undefined },
  "PassEnvironment= with the name": { service: "PassEnvironment=LD_PRELOAD", arrives: SHIM },
  "a setuid program": { service: "User=daemon", setuid: true, arrives: undefined },
};

export const names = Object.keys(CASES);
export const unitOf = (name: string): string => `case${names.indexOf(name)}.service`;

export function program(name: string): string {
  return CASES[name]?.setuid ? "/opt/setuid-env" : "/usr/bin/env";
}

/** The unit's files as systemd reads them, ours among them. */
export function filesOf(name: string): { readonly path: string; readonly text: string }[] {
  const { service = "", dropIns = {} } = CASES[name] ?? {};
  const unit = unitOf(name);
  const own = {
    path: `${UNIT_FOLDER}/${unit}`,
    text: `[Service]\nType=oneshot\nExecStart=${program(name)}\nStandardOutput=file:/run/cases/${unit}\n${service}\n`,
  };
  const others = Object.entries(dropIns).map(([file, text]) => ({
    path: `${UNIT_FOLDER}/${unit}.d/${file}`,
    text: `[Service]\n${text}\n`,
  }));
  const earlier = others.filter((file) => path.basename(file.path) < "50-");
  const preload = findEntry(fromFiles(unit, [own, ...earlier]).environment, "LD_PRELOAD");
  const ours = { path: `${UNIT_FOLDER}/${dropInPath(unit)}`, text: dropInText({ preload, shim: SHIM }) };
  return [own, ...earlier, ours, ...others.filter((file) => !earlier.includes(file))];
}
