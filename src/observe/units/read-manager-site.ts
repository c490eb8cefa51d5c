// Whether root's units could keep the table fresh on this host: install puts them there, and status asks why they are not.
import type { ManagerPart } from "../../core/install/specs.ts";
import { isExecutableName } from "../../core/systemd/words.ts";
import { commandLine } from "../../system/command-text.ts";
import type { HostAbi } from "../../system/host/abis.ts";
import { managerParts } from "../../system/host/manager-parts.ts";
import { nodeForRoot, OLDEST_NODE } from "../../system/host/node-binary.ts";
import { packagingOf } from "../../system/host/packaging.ts";
import { NODE_PLACES, PACKAGED_NODE } from "../../system/paths.ts";
import { hasUnits } from "./read-unit-files.ts";

/** `obstacle`: why nothing can watch the configuration; `otherwise`: what would help, to follow what to do without it. */
export type ManagerSite =
  | { readonly node: string; readonly parts: readonly ManagerPart[] }
  | { readonly obstacle: string; readonly otherwise: string };

export function managerSite(root: string, abis: readonly HostAbi[]): ManagerSite {
  if (!hasUnits(root)) return { obstacle: "this is no system that systemd boots", otherwise: "" };
  const packaged = packagingOf(root) === "own";
  const found = packaged ? { node: PACKAGED_NODE } : nodeForRoot(root);
  if ("reason" in found || !isExecutableName(found.node)) {
    const why = "reason" in found ? found.reason : `systemd cannot run '${found.node}'`;
    return {
      obstacle: `root's unit needs a node that nobody else can change, and ${why}`,
      otherwise: `, or install Node ${OLDEST_NODE} or newer in ${NODE_PLACES[0]} and run '${commandLine(root, "install")}' again`,
    };
  }
  const arch = abis.some(({ name }) => name === "aarch64") ? "arm64" : "x64";
  const parts = managerParts(arch, packaged);
  return parts === undefined
    ? { obstacle: `this package has no manager for ${arch}`, otherwise: "" }
    : { node: found.node, parts };
}
