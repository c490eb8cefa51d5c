// The arguments of reclaim: ports, owners or services, each with an optional protocol.

import type { PortPlace } from "../../core/hold/port-lines.ts";
import { AppError } from "../../system/app-error.ts";
import { readTable } from "../../system/files/table-file.ts";
import { findTarget } from "../lookup/target.ts";
import { readSourcesIfAny } from "../source-messages.ts";
import type { Options } from "../types.ts";

/**
 * Each port and protocol once, in the order of the arguments; `isReserved` chooses where an argument leaves the protocol
 * open. Throws AppError `usage` for what is none, and for a port that is not looked at.
 */
export function portsAskedFor(
  words: readonly string[],
  options: Options,
  isReserved: (place: PortPlace) => boolean,
): readonly PortPlace[] {
  const read = readSourcesIfAny(options, readTable(options.root));
  const places = words.flatMap((word) => {
    if (/^\d+-\d+(\/|$)/.test(word)) throw new AppError("usage", `'${word}' is a range`, "write each port by itself");
    const { ports } = findTarget(word, read, options.root);
    const high = ports.find(({ port }) => port > LAST);
    if (high !== undefined) {
      throw new AppError("usage", `${high.port} is above ${LAST}, and who has such a port is not looked at`, ABOVE);
    }
    const reserved = ports.filter(isReserved);
    return reserved.length > 0 ? reserved : ports;
  });
  return [...new Map(places.map((place) => [`${place.port}/${place.protocol}`, place])).values()];
}

const LAST = 1023;
const ABOVE = "'ss -tulnpa' shows who has it";
