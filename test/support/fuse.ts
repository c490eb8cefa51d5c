// Whether file systems of FUSE can be made for a test.
import { spawnSync } from "node:child_process";
import { skipFor, skipReason } from "./can.ts";

/** Whether this kernel has FUSE, and root may mount it. */
export function noFuse(): string | undefined {
  const reason = skipReason("root");
  if (reason !== undefined) return reason;
  const { status } = spawnSync("unshare", ["--mount", "sh", "-c", "test -c /dev/fuse && exec 3<>/dev/fuse"]);
  return status === 0 ? undefined : skipFor("this kernel has no FUSE");
}
