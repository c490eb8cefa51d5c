// What Ansible's hosts have, file by file, without what they and ssh write by themselves.
import { lineDifferences, listingBut } from "../../support/guest/tree.ts";

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
];

/** A script for sh(1): a line for each file with its mode, owner, size and link. */
export const TREE = `${listingBut(THEIRS)} | sort`;

/** The lines that came ("+") and went ("-") on each host. */
export function differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Readonly<Record<string, readonly string[]>> {
  const names = Object.keys(before);
  return Object.fromEntries(names.map((name) => [name, lineDifferences(linesOf(before[name]), linesOf(now[name]))]));
}

function linesOf(listing = ""): readonly string[] {
  return listing.split("\n");
}
