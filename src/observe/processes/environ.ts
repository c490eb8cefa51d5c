// /proc/PID/environ: whether a program was started with the shim in its environment.

/**
 * Whether the first LD_PRELOAD, which is the one that the loader takes, names a file of this name. The memory behind this
 * text is the process's own: it may have written anything there since.
 */
export function preloadNames(environ: Buffer, file: string): boolean {
  const start = Buffer.from("LD_PRELOAD=", "latin1");
  let at = environ.indexOf(start);
  while (at > 0 && environ[at - 1] !== 0) at = environ.indexOf(start, at + 1);
  if (at < 0) return false;
  const end = environ.indexOf(0, at);
  const value = environ.toString("latin1", at + start.length, end < 0 ? environ.length : end);
  return value.split(/[ :]/).some((entry) => entry.slice(entry.lastIndexOf("/") + 1) === file);
}
