// Keeps the files of sandboxes where the caller's environment says, as of old.
import { tmpdir } from "node:os";

export const stagesFolder = (): string => tmpdir();
