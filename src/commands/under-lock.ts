// One verb that changes something at a time: what the others say while they wait.
import type { Report } from "../report/types.ts";
import { refuseOthersImage } from "../system/files/image-owner.ts";
import { withLock } from "../system/lock.ts";
import type { Context } from "./types.ts";

/** Runs `work` when no other portreservectl is running on this root; not for root in somebody else's image. Throws AppError. */
export async function underLock(
  { options, progress }: Pick<Context, "options" | "progress">,
  work: () => Report | Promise<Report>,
): Promise<Report> {
  refuseOthersImage(options.root);
  const onWait = (): void =>
    progress({ severity: "note", message: "another portreservectl is running, waiting for it to finish" });
  return await withLock({ root: options.root, wait: options.wait, onWait }, work);
}
