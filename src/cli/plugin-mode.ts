// Whether a monitoring system asks, which knows four exit codes and reads standard output alone: then faults are told so too.

/** Also where the rest of the command line is wrong; not of a command that `run` is given. */
export function isPluginCall(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  const at = words.indexOf("--nagios");
  return at >= 0 && !words.slice(0, at).includes("run");
}
