// For whom ports are reserved, in the words of the first line.
import { BLACKLIST_OWNER } from "../../core/config/blacklist.ts";
import { counted } from "../../core/text.ts";
import type { PortState } from "../../coverage/coverage.ts";

/** "for 6 services", "by bindresvport.blacklist", which is no service. */
export function forWhom(owners: number, ports: readonly PortState[]): string {
  const blacklist = ports.some((port) => port.owners.includes(BLACKLIST_OWNER));
  const services = blacklist ? owners - 1 : owners;
  if (!blacklist) return `for ${counted(services, "service")}`;
  return services === 0 ? `by ${BLACKLIST_OWNER}` : `for ${counted(services, "service")} and by ${BLACKLIST_OWNER}`;
}
