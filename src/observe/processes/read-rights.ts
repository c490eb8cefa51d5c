// What a process may do by its status, and what it means that a look at it was refused.
import type { Unseen } from "../../core/seen.ts";
import type { ProcessFacts } from "../../coverage/facts.ts";
import { isRefused, type Refused, readBytes } from "../../system/proc/process-files.ts";
import type { Self } from "./read-self.ts";
import { parseStatus } from "./status.ts";

export type Rights = Pick<ProcessFacts, "uid" | "mayBind" | "seccomp" | "noNewPrivs">;

export function rightsOf(self: Self, folder: string): Rights {
  const status = readBytes(`${folder}/status`);
  if (isRefused(status)) return noRights(refusedAs(self, status));
  return (
    parseStatus(status, self.hostFilters) ??
    noRights({ unseen: "its status does not say which rights it has", rootWould: false })
  );
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
