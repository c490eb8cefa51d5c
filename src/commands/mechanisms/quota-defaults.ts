// fixed: the port of rpc.rquotad is one of its options in a file of the administrator's, of which two lines are ours.
import type { Artefact } from "../../core/install/artefacts.ts";
import { hasOption, withOption, withoutOption } from "../../core/mechanisms/fixed-texts.ts";
import type { Message } from "../../report/types.ts";
import { lstatEntry } from "../../system/files/entry.ts";
import { QUOTA_DEFAULTS } from "../../system/paths.ts";
import { QUOTA_VARIABLE } from "./fixed-sources.ts";

const NEW_MODE = 0o644;

/** `shared`: the file as it should be, if we have a part in it or will have; `port` is undefined where we set none. */
export function quotaDefaults(
  root: string,
  port: number | undefined,
): { readonly shared: readonly Artefact[]; readonly refusals: readonly Message[] } {
  const found = lstatEntry(root, QUOTA_DEFAULTS);
  const text = found.kind === "file" ? Buffer.from(found.bytes).toString("latin1") : undefined;
  const ours = text !== undefined && hasOption(text);
  if (port === undefined && !ours) return { shared: [], refusals: [] };
  if (found.kind !== "file" && found.kind !== "missing") {
    return { shared: [], refusals: port === undefined ? [] : [notAFile(port)] };
  }
  const rest = text === undefined ? undefined : withoutOption(text);
  const wanted = port === undefined ? (rest ?? "") : withOption(text, QUOTA_VARIABLE, `--port ${port}`);
  const mode = found.kind === "file" ? found.mode : NEW_MODE;
  const shared: Artefact = {
    path: QUOTA_DEFAULTS,
    wanted: { kind: "file", bytes: Buffer.from(wanted, "latin1"), mode },
    found,
    ours,
    folders: [],
    ...(rest === undefined ? {} : { left: Buffer.from(rest, "latin1") }),
  };
  return { shared: [shared], refusals: [] };
}

function notAFile(port: number): Message {
  return {
    severity: "error",
    message: `'${QUOTA_DEFAULTS}' is not a file of its own, so rpc.rquotad cannot be given a port there`,
    hint: `put '--port ${port}' into ${QUOTA_VARIABLE} where it is made, then run it again`,
  };
}
