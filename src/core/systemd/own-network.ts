// Whether a unit's programs get a network of their own: its ports are not the host's.
import { isOff } from "./unit-file.ts";

export const NETWORK_SETTINGS = ["PrivateNetwork", "NetworkNamespacePath"] as const;

/** The setting that gives it one, "PrivateNetwork=yes"; undefined for the host's, which a path may lead to, too. */
export function ownNetworkOf(
  value: (name: (typeof NETWORK_SETTINGS)[number]) => string | undefined,
): string | undefined {
  const path = value("NetworkNamespacePath");
  if (path !== undefined && path !== "") return HOSTS_OWN.test(path) ? undefined : `NetworkNamespacePath=${path}`;
  return isOff(value("PrivateNetwork") ?? "") ? undefined : "PrivateNetwork=yes";
}

const HOSTS_OWN = /^\/proc\/1\/(task\/1\/)?ns\/net$/;
