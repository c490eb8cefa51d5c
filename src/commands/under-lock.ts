// One verb that changes something at a time: what the others say while they wait.
import type { Report } from "../report/types.ts";
import { refuseOthersImage } from "../system/files/image-owner.ts";
import { isLockThere, withLock } from "../system/lock.ts";
import type { Context } from "./types.ts";

/**
 * Runs `work` when no other portreservectl is running on this root; not for root in somebody else's image. The lock stays in
 * an image, so before the first one is made there, `refused` changes nothing, and gives the report that says why `work` would
 * not either. Throws AppError.
 */
export async function underLock(
  { options, progress }: Pick<Context, "options" | "progress">,
  work: () => Report | Promise<Report>,
  refused: () => Report | undefined | Promise<Report | undefined> = () => undefined,
): Promise<Report> {
  refuseOthersImage(options.root);
  // Under the lock all of it is looked at again.
  const report = options.root === "/" || isLockThere(options.root) ? undefined : await refused();
  if (report !== undefined) return report;
  const onWait = (): void =>
    progress({ severity: "note", message: "another portreservectl is running, waiting for it to finish" });
  return await withLock({ root: options.root, wait: options.wait, onWait }, work);
}
