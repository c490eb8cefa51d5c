// What the figures were measured on.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";

/** The first line a command prints, or undefined where it cannot be run. */
function firstLine(command, ...args) {
  const done = spawnSync(command, args, { encoding: "utf8" });
  return done.status === 0 ? done.stdout.split("\n")[0].trim() : undefined;
}

function packageVersion(...names) {
  for (const name of names) {
    const version =
      firstLine("dpkg-query", "-W", "-f", "$" + "{Version}", name) ??
      firstLine("rpm", "-q", "--qf", "%{VERSION}-%{RELEASE}", name);
    if (version) return version;
  }
  return "unknown or not installed";
}

function system() {
  const line = readFileSync("/etc/os-release", "utf8")
    .split("\n")
    .find((text) => text.startsWith("PRETTY_NAME="));
  return line?.slice("PRETTY_NAME=".length).replaceAll('"', "") ?? "unknown";
}

function clockSource() {
  try {
    return readFileSync("/sys/devices/system/clocksource/clocksource0/current_clocksource", "utf8").trim();
  } catch {
    return "unknown";
  }
}

export function machine() {
  const gibibytes = os.totalmem() / 2 ** 30;
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} of them, ${process.arch}`,
    memory: `${gibibytes.toFixed(1)} GiB`,
    system: system(),
    kernel: `Linux ${os.release()}`,
    clock: clockSource(),
    libc: firstLine("getconf", "GNU_LIBC_VERSION") ?? "unknown",
    libtirpc: packageVersion("libtirpc3t64", "libtirpc3", "libtirpc"),
    ntirpc: packageVersion("libntirpc4.3", "libntirpc"),
    authbind: packageVersion("authbind"),
    libeatmydata: packageVersion("libeatmydata1", "libeatmydata"),
    libfaketime: packageVersion("libfaketime"),
    valgrind: packageVersion("valgrind"),
    compiler: firstLine("cc", "--version") ?? "unknown",
    node: process.version,
    load: os.loadavg()[0].toFixed(2),
  };
}
