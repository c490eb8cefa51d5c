// /proc/self/mountinfo: whether /proc shows every process to everybody.

/** How the file system at `place` hides processes, and from which group it does not. */
export interface Hiding {
  readonly hides: boolean;
  /** Members of this group see all. 0 by default. */
  readonly group: number;
}

/** `place` is a path without blanks. The last mount there is the one that is seen. */
export function hidingAt(mountinfo: Buffer, place: string): Hiding {
  const options = mountinfo
    .toString("latin1")
    .split("\n")
    .map((line) => line.split(" "))
    .findLast((fields) => fields[4] === place)
    ?.at(-1)
    ?.split(",");
  const value = (name: string): string | undefined =>
    options?.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const hidepid = value("hidepid") ?? "off";
  return { hides: hidepid !== "off" && hidepid !== "0", group: Number(value("gid") ?? "0") };
}
