// A place of portreserve's as it is found on the host, and whether what is there is ours.
import type { Artefact } from "../../core/install/artefacts.ts";
import type { Spec } from "../../core/install/specs.ts";
import { lstatEntry } from "../../system/files/entry.ts";

export function artefactOf(root: string, { isOurs, ...spec }: Spec): Artefact {
  const found = lstatEntry(root, spec.path);
  const content = found.kind === "file" ? found.bytes : found.kind === "link" ? found.target : undefined;
  return { ...spec, found, ours: content !== undefined && isOurs(content) };
}
