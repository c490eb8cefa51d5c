// A network of its own in which every port may be bound without a right, for a probe that systemd starts as another user.
import { UNPRIVILEGED_START } from "../../system/paths.ts";
import { processFolder } from "../../system/proc/process-files.ts";
import { killProgram, type ProgramCommand, startProgram } from "../../system/start-program.ts";

export interface OpenNetwork {
  /** Its path, as long as it is there. */
  readonly path: string;
  readonly remove: () => void;
}

const READY = "ready";

/** Seconds after which it is gone in any case. */
const LIFE = 300;

/**
 * Makes a network in which every port may be bound without a right, then runs a text for sh(1), which has the words behind
 * as its arguments. `more`: options for unshare(1). In some containers the proc that is there is read-only.
 */
export function openingPorts(then: string, more: readonly string[] = []): ProgramCommand {
  const namespaces = ["unshare", "--net", "--mount", "--propagation", "private", ...more, "--"] as const;
  const start = UNPRIVILEGED_START;
  const script = `[ -w ${start} ] || mount -t proc proc /proc && echo 0 >${start} && ${then}`;
  return [...namespaces, "sh", "-c", script, "sh"];
}

/** For root. A reason where it cannot be made. */
export function openNetwork(): Promise<OpenNetwork | { readonly reason: string }> {
  // It ends with this process, however that ends.
  const tied = ["setpriv", "--pdeathsig", "KILL"] as const;
  const child = startProgram([...tied, ...openingPorts(`echo ${READY} && exec sleep ${LIFE}`)], {});
  const remove = (): void => killProgram(child);
  return new Promise((resolve) => {
    let said = "";
    const { pid } = child;
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      said = (said + chunk).slice(0, 200);
    });
    child.stdout?.once("data", () => {
      child.unref();
      resolve({ path: `${processFolder(pid as number)}/ns/net`, remove });
    });
    child.once("error", (error) => resolve({ reason: error.message }));
    child.once("close", () => resolve({ reason: `no network for the proof: ${said.trim().split("\n")[0]}` }));
  });
}
