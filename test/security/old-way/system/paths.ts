// Keeps the files of sandboxes where the caller's environment says, as of old.
import { tmpdir } from "node:os";

export * from "../../../../src/system/paths.ts";
export const STAGE_FOLDER = tmpdir();
