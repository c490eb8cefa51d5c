// The implementations of bindresvport() that are measured, and those of them that are here.
import { spawnSync } from "node:child_process";
import { ntirpc, preloads } from "./libraries.mjs";
import { built, programs } from "./programs.mjs";

/**
 * `name`: of the report. `as`: what the measuring program calls it. `blacklist`: libtirpc's. `preload`: a path.
 * `restarts`: it begins its search at the same port in every call, rather than behind the port it took last.
 * `ipv4Only`: it knows no other family. `beside`: it is glibc's function beside a preloaded library.
 */
function candidates() {
  const { found, skipped } = preloads();
  const beside = found
    .filter(({ id }) => !["none", "plain", "shim"].includes(id))
    .map(({ id, name, preload }) => ({
      id: `glibc-${id}`,
      name: `glibc, ${id === "empty" ? "empty library" : name} preloaded`,
      as: "glibc",
      preload,
      ipv4Only: true,
      beside: true,
    }));
  const library = ntirpc();
  if (library === undefined) skipped.push("ntirpc is not installed (Debian package libntirpc4.3)");
  return {
    skipped,
    all: [
      { id: "bind", name: "bare bind() to a free port", as: "bind" },
      { id: "glibc", name: "glibc", as: "glibc", ipv4Only: true },
      ...beside,
      {
        id: "libtirpc",
        name: "libtirpc, Debian's blacklist",
        as: "libtirpc.so.3",
        blacklist: "debian",
        restarts: true,
        debian: "libtirpc3 or libtirpc3t64",
      },
      {
        id: "libtirpc-empty",
        name: "libtirpc, empty blacklist",
        as: "libtirpc.so.3",
        blacklist: "empty",
        restarts: true,
        debian: "libtirpc3 or libtirpc3t64",
      },
      ...(library === undefined ? [] : [{ id: "ntirpc", name: "ntirpc", as: library, restarts: true }]),
      { id: "shim", name: "the shim", as: "shim", preload: built.shim },
    ],
  };
}

/** The implementations that are `present`, in the order of the tables, and why others were `skipped`. */
export function implementations() {
  const { all, skipped } = candidates();
  const present = all.filter(({ name, as, debian }) => {
    if (as === "shim") return true;
    const done = spawnSync(programs.perCall, [as], { encoding: "utf8", env: {} });
    if (done.status === 0) return true;
    skipped.push(`${name}: ${done.stderr.trim()}${debian === undefined ? "" : ` (Debian package ${debian})`}`);
    return false;
  });
  return { present, skipped };
}

/** Whether an implementation can be asked for a port of this family, 4 or 6. */
export function applies({ ipv4Only }, family) {
  return family === 4 || ipv4Only !== true;
}

/**
 * A line for the measuring script: `kind` and `index` are printed before the result, and `options` goes to the
 * measuring program. `one` has `protocol`, `family` and `address`; `ports` are free, for a bare bind().
 */
export function measureLine({ kind, index, implementation, pid, options = "", one, calls, ports, run = "measure" }) {
  const { id, as, blacklist = "empty", preload = "" } = implementation;
  const what = `${as} ${one.protocol} ${one.family} ${one.address} ${calls}`;
  const free = (as === "bind" ? ports : ports.slice(0, 1)).join(" ");
  return `${run} "${kind} ${index} ${id}" ${pid} ${blacklist} "${preload}" ${options} ${what} ${free}`;
}
