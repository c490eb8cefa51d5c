// Decides as of old: as many rights as root's is a question of the bounding set alone.
import type { ProcessStart, ProcessTexts, TargetTexts } from "../../../../../src/commands/verify/proof-process.ts";

export type {
  NamespaceKind,
  ProcessStart,
  ProcessTexts,
  TargetTexts,
} from "../../../../../src/commands/verify/proof-process.ts";

export function processStart(target: TargetTexts, own: ProcessTexts): ProcessStart {
  const { status = "", environ = "", isHere } = target;
  const value = (text: string, name: string): string => new RegExp(`^${name}:\\s*(.*)`, "m").exec(text)?.[1] ?? "";
  const uids = value(status, "Uid").split(/\s+/).map(Number);
  const [uid, gid] = [uids[1], Number(value(status, "Gid").split(/\s+/)[1])];
  if (uid === undefined || Number.isNaN(gid)) return { kind: "none", reason: "the process has ended" };
  const preload = environ
    .split("\0")
    .find((entry) => entry.startsWith("LD_PRELOAD="))
    ?.slice("LD_PRELOAD=".length);
  const isRoot = uids.every((id) => id === 0);
  const asMany = value(status, "CapBnd") === value(own.status ?? "", "CapBnd");
  if (isRoot && (asMany || (isHere && preload === undefined))) return { kind: "root", enter: !isHere, preload };
  return isHere ? { kind: "user", uid, gid, preload } : { kind: "none", reason: "it has fewer rights than root" };
}
