// What a process may do by its status, and what it means that a look at it was refused.
import type { Unseen } from "../../core/seen.ts";
import type { ProcessFacts } from "../../coverage/facts.ts";
import { isRefused, namespaceOf, type Refused, readBytes } from "../../system/proc/process-files.ts";
import type { Self } from "./read-self.ts";
import { parseStatus } from "./status.ts";

export type Rights = Pick<ProcessFacts, "uid" | "mayBind" | "seccomp" | "noNewPrivs">;

export function rightsOf(self: Self, folder: string): Rights {
  const status = readBytes(`${folder}/status`);
  if (isRefused(status)) return noRights(refusedAs(self, status));
  const found = parseStatus(status, self.hostFilters);
  if (found === undefined) return noRights({ unseen: "its status does not say which rights it has", rootWould: false });
  // Rights in a user namespace below are none over this network, and nobody gets back out of it.
  const users = namespaceOf(folder, "user");
  const isBelow = self.users !== undefined && !isRefused(users) && users !== self.users;
  return isBelow ? { ...found, mayBind: false } : found;
}

export function noRights(why: Unseen): Rights {
  return { uid: why, mayBind: why };
}

export function refusedAs({ asRoot }: Self, { errno }: Refused): Unseen {
  const denied = isDenied({ errno });
  if (denied && !asRoot) return { unseen: "only root may look into it", rootWould: true };
  return {
    unseen: denied ? "the kernel does not let root look into it" : `it could not be read (${errno})`,
    rootWould: false,
  };
}

export function isDenied({ errno }: Refused): boolean {
  return errno === "EACCES" || errno === "EPERM";
}
