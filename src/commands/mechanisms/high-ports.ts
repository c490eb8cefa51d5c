// high-ports: services that take no privileged port at all, each by its drop-in: install puts those there and takes them away.
import { ALLOCATED_PORTS } from "../../core/mechanism.ts";
import { enumerate } from "../../core/text.ts";
import { commandLine } from "../../system/command-text.ts";
import { unitsWithHighPorts } from "../install/drop-in-spec.ts";
import type { LookInput, ManagedMechanism, Standing } from "./mechanism.ts";

const NONE = { files: [], first: [], put: [], takeAway: [], costs: [], refusals: [], warnings: [], notes: [] } as const;

export const highPorts: ManagedMechanism = {
  name: "high-ports",
  guards: "allocators of services that need no privileged port: these get ports from 1024 up instead",
  places: [],
  look,
  byUnit: (root, action) =>
    action === "apply"
      ? `'sudo ${commandLine(root, "install --unit UNIT --high-ports --now")}' gives it to one`
      : `'sudo ${commandLine(root, "uninstall --unit UNIT --now")}' takes it from one`,
};

function look({ root }: LookInput): Standing {
  const units = unitsWithHighPorts(root);
  const names = enumerate(units);
  return {
    ...NONE,
    state: units.length === 0 ? "not applied" : "in force",
    does:
      units.length === 0
        ? [
            `'${commandLine(root, "install --unit UNIT --high-ports")}' gives it to a service whose servers take such ports`,
          ]
        : [`${names} ${units.length === 1 ? "takes" : "take"} ports that the kernel chooses`],
    keepsFrom: (port) =>
      units.length > 0 && port >= ALLOCATED_PORTS.first && port <= ALLOCATED_PORTS.last ? names : undefined,
    numbers: { units: [...units] },
  };
}
