// A script on a host of its own, as the arguments of unshare: its processes end with it, however it ends.

const ALONE = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"] as const;

/** `script` is for sh, its process 1, whose "$1" is what the caller puts behind. `alone`: namespaces besides, `flags`: sh's. */
export function ownHost(
  script: string,
  { alone = ["--net"] as readonly string[], flags = "-c" } = {},
): readonly string[] {
  return [...ALONE, ...alone, "sh", flags, script, "sh"];
}
