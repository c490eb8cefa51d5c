// Which entries of the configuration folder are reservation files: the rule of the old portreserve daemon.

/** True for a name without '.' and without '~' anywhere: backup, hidden and package-manager files are left alone. */
export function isOwnerName(name: string): boolean {
  return name !== "" && !name.includes(".") && !name.includes("~");
}
