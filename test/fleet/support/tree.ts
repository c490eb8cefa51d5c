// What is on a host, file by file, so that nothing can be left there unseen.

/** Where dpkg, apt, systemd, the journal and ssh write by themselves. */
const THEIRS = [
  "/var/log",
  "/var/cache/*/*",
  "/var/lib/dpkg",
  "/var/lib/apt",
  "/var/lib/systemd",
  "/root",
  "/tmp",
  "/var/tmp/systemd-*",
]
  .map((place) => `-path '${place}'`)
  .join(" -o ");

/** A script for sh(1): a line for each file with its mode, owner, size and link. */
export const TREE = `find / -xdev \\( ${THEIRS} \\) -prune -o -type d -printf '%p %y %m %U:%G\\n' -o -printf '%p %y %m %U:%G %s %l\\n' | sort`;

/** The lines that came ("+") and went ("-") on each host. */
export function differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Readonly<Record<string, readonly string[]>> {
  const names = Object.keys(before);
  return Object.fromEntries(names.map((name) => [name, differencesOf(before[name] ?? "", now[name] ?? "")]));
}

function differencesOf(before: string, now: string): readonly string[] {
  const [old, fresh] = [new Set(before.split("\n")), new Set(now.split("\n"))];
  return [
    ...[...fresh].filter((line) => !old.has(line)).map((line) => `+${line}`),
    ...[...old].filter((line) => !fresh.has(line)).map((line) => `-${line}`),
  ];
}
