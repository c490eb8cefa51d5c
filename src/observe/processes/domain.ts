// /proc/PID/attr/current: the AppArmor profile or SELinux domain that confines a process.

/**
 * "/usr/sbin/cupsd (enforce)", or an SELinux context; undefined where nothing confines it: no profile, a profile that
 * only complains, an unconfined domain. One character for each byte.
 */
export function domainOf(bytes: Buffer): string | undefined {
  const text = bytes.toString("latin1").replace(/[\0\n]+$/, "");
  if (text === "" || text === "_" || text === "kernel") return undefined;
  if (/^unconfined\b|\((complain|unconfined)\)$/.test(text) && !text.includes(":")) return undefined;
  // USER:ROLE:TYPE:LEVEL
  const type = text.split(":")[2];
  return type?.startsWith("unconfined") === true ? undefined : text;
}
