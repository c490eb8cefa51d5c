// The host's paths that this program reads and writes, as the administrator knows them; the only place that names them.

export const OWNERS_FOLDER = "/etc/portreserve";
export const SERVICES_FILE = "/etc/services";
export const BLACKLIST_FILE = "/etc/bindresvport.blacklist";
export const TABLE_FILE = "/etc/portreserve.table";
/** Every writer of the table or the preload list holds it. */
export const LOCK_FILE = "/run/portreserve.lock";

/** As ld.so reads it: it puts each program's own library folder in the place of `$LIB`. */
export const INSTALLED_SHIM = "/usr/$LIB/portreserve/libportreserve.so";
/** What `$LIB` stands for in 64-bit programs, on the distributions there are. */
export const INSTALLED_SHIM_FILES: readonly string[] = ["lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"].map(
  (lib) => INSTALLED_SHIM.replace("$LIB", lib),
);
