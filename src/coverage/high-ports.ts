// Who has, or would get, the shim's twin before the shim: it looks into no table, and its ports are the kernel's choice.
import { isUnseen } from "../core/seen.ts";
import { type Decision, notCovered, unknown } from "./checks.ts";
import { type Host, libraryFor } from "./host.ts";
import { parseMarker, readMarker } from "./marker.ts";
import type { Part } from "./program-image.ts";
import { isRunning, type Running, type Subject } from "./running.ts";

/** What its calls lead to: of several shims the one that the loader asks first; undefined where that is not known. */
export function firstShim({ process, image }: Running): Part | undefined {
  const { shims } = image;
  const { lookup } = process;
  if (shims.length < 2) return shims[0];
  if (lookup === undefined || isUnseen(lookup)) return undefined;
  const first = lookup.find((key) => shims.some((shim) => shim.key === key));
  return shims.find(({ key }) => key === first);
}

/** False wherever it is not certain: then it is judged as with the shim. */
export function hasHighPorts(subject: Subject, host: Host): boolean {
  if (isRunning(subject)) {
    const first = firstShim(subject);
    return first !== undefined && readMarker(first, host)?.table === "none";
  }
  const { unit, image } = subject;
  if (unit?.hasDropIn !== true || unit.highPorts !== true || unit.dropInObstacle !== undefined) return false;
  const library = libraryFor(image.program, host.facts, unit);
  return library?.isHigh === true && parseMarker(library.marker)?.table === "none";
}

const RANGE = "sysctl -w net.ipv4.ip_local_port_range='32768 60999'";

/** The kernel takes no range below the first port that needs no privilege. */
export function highEnough(subject: Subject, host: Host): Decision | undefined {
  const { unprivilegedPortStart, localPortsFrom } = host.facts.kernel;
  if (!hasHighPorts(subject, host) || unprivilegedPortStart >= 1024) return undefined;
  if (localPortsFrom === undefined) return unknown("from which port on the kernel chooses cannot be seen");
  return localPortsFrom >= 1024 ? undefined : notCovered(`the kernel chooses ports from ${localPortsFrom} up`, RANGE);
}
