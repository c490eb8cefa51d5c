// Which table a process has, or would find: the host's, another, or none; and what may keep it from that.
import { isUnseen } from "../core/seen.ts";
import { deniedAccess } from "./apparmor-verdict.ts";
import { type Decision, is, notCovered, unknown, unseen } from "./checks.ts";
import { restartHint } from "./commands.ts";
import type { Host } from "./host.ts";
import type { Running } from "./running.ts";

/** Whether a process looks into the host's table, or will when it allocates. */
export function tableFound({ process, image }: Running, host: Host): Decision | undefined {
  if (isUnseen(process.table)) return unseen("which table it finds", process.table);
  const { mappedTable } = process;
  const isAlike = process.table === "alike";
  if (process.table !== "same" && !isAlike) {
    const which = process.table === "none" ? "no table" : "another table";
    if (is(process.root, "other")) {
      const hint =
        process.table === "none"
          ? "install in that root too"
          : "install in that root too, with this host's reservations";
      return notCovered(`in another root (container, chroot), which has ${which}`, hint);
    }
    if (host.facts.setup.table.state === "missing") return undefined;
    return notCovered(`finds ${which} in the table's place`, "see what its unit hides or binds with 'systemctl cat'");
  }
  if (image.shims.length === 0) return undefined;
  if (isUnseen(mappedTable)) return unseen("the table that it has mapped", mappedTable);
  if (mappedTable?.unread === true && !mappedTable.retired) {
    return notCovered("goes by what was reserved before the table that it has mapped", restartHint(process));
  }
  const hasIt = mappedTable?.current === true || (isAlike && mappedTable?.alike === true);
  if (hasIt) return undefined;
  if (mappedTable !== undefined && !mappedTable.retired) {
    return notCovered("goes on with a table that was replaced by hand", restartHint(process));
  }
  return (
    deniedAccess(process.denied, { list: false, library: undefined, table: true }) ??
    mayRead(process, host) ??
    (mappedTable === undefined ? (filtered(process) ?? inDomain(process, host)) : undefined)
  );
}

/** Which system calls a filter lets through cannot be read. A table that is mapped went through it. */
function filtered({ seccomp }: Running["process"]): Decision | undefined {
  if (seccomp === undefined) return undefined;
  return unknown(
    `its seccomp ${seccomp === "strict" ? "mode" : "filter"} may keep it from the table, which it has not read yet`,
    AFTERWARDS,
  );
}

/** The table is seen to be mapped then. */
const AFTERWARDS = "look again after it has taken a port";

/** A process in a Landlock domain looks like any other, but for what it had to give up to get there. */
function inDomain({ noNewPrivs }: Running["process"], { facts }: Host): Decision | undefined {
  const { securityModules } = facts.kernel;
  // The kernel's own list always has "capability"; where it cannot be read, others were looked for one by one.
  const hasLandlock = !securityModules.includes("capability") || securityModules.includes("landlock");
  if (noNewPrivs !== true || !hasLandlock) return undefined;
  return unknown("it has no_new_privs, and Landlock may keep it from the table, which it has not read yet", AFTERWARDS);
}

/** It will open the table when it allocates next. */
function mayRead({ uid, domain, table }: Running["process"], { facts }: Host): Decision | undefined {
  const { readableByAll, label } = facts.setup.table;
  // Whatever else it finds is one that everybody may read.
  if (!readableByAll && uid !== 0 && table === "same") {
    return unknown("not every program may read the table", "portreservectl compile");
  }
  if (domain === undefined || label === undefined) return undefined;
  if (table === "same" && label.found === label.wanted) return undefined;
  return unknown("the table has a label that its domain may not read", "portreservectl compile");
}
