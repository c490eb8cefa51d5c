// The host's paths that this program reads and writes, as the administrator knows them; the only place that names them.

export const OWNERS_FOLDER = "/etc/portreserve";
export const SERVICES_FILE = "/etc/services";
/** Where distributions put their own, so that the first has the administrator's alone (openSUSE). */
export const VENDOR_SERVICES_FILE = "/usr/etc/services";
export const PASSWD_FILE = "/etc/passwd";
/** Where libc looks users up, and in which order. */
export const NSSWITCH_FILE = "/etc/nsswitch.conf";
export const BLACKLIST_FILE = "/etc/bindresvport.blacklist";
export const TABLE_FILE = "/etc/portreserve.table";
/** The held and blocked ports, compiled for portreserve-hold. */
export const HOLD_FILE = "/etc/portreserve.hold";
/** Where portreserve-hold says that it runs, and what it holds. */
export const HOLDER_STATE = "/run/portreserve/hold.json";
export const HOLDER_UNIT = "portreserve-hold.service";
/** Its file name, wherever it is installed. */
export const HOLDER_PROGRAM = "portreserve-hold";
/** Where install puts it. */
export const HOLDER_FILE = "/usr/lib/portreserve/portreserve-hold";
/** The link by which its unit is enabled. */
export const HOLDER_WANTED = "/etc/systemd/system/sysinit.target.wants/portreserve-hold.service";
/** Every writer of the table or the preload list holds it. */
export const LOCK_FILE = "/run/portreserve.lock";
/** What root's looks at the host know of its files, for the next one: it makes that quicker, and may be removed. */
export const MEMORY_FILE = "/run/portreserve.seen";
/** What V8 had made of this program's text when root ran it last: the next start is quicker by it, and it may be removed. */
export const CODE_FILE = "/run/portreserve.code";

/** Where Debian's node exporter reads metrics of others, unless a drop-in of our unit names another file. */
export const METRICS_FILE = "/var/lib/prometheus/node-exporter/portreserve.prom";

/** As ld.so reads it: it puts each program's own library folder in the place of `$LIB`. */
export const INSTALLED_SHIM = "/usr/$LIB/portreserve/libportreserve.so";
/** The library for owners that do not share their port, where the shim is. */
export const INSTALLED_SHARE = "/usr/$LIB/portreserve/libportreserve-share.so";
/** The shim's twin for services that need no privileged port. */
export const INSTALLED_HIGH = "/usr/$LIB/portreserve/libportreserve-high.so";
/** All three, by what they are for. */
export const OUR_LIBRARIES = { shim: INSTALLED_SHIM, high: INSTALLED_HIGH, share: INSTALLED_SHARE } as const;
/** What `$LIB` stands for in 64-bit programs, on the distributions there are. */
export const INSTALLED_SHIM_FILES: readonly string[] = [
  "lib64",
  "lib/x86_64-linux-gnu",
  "lib/aarch64-linux-gnu",
  "lib",
].map((lib) => INSTALLED_SHIM.replace("$LIB", lib));
export const INSTALLED_HIGH_FILES: readonly string[] = INSTALLED_SHIM_FILES.map((file) =>
  file.replace("libportreserve.so", "libportreserve-high.so"),
);

/** The names of libraries that ld.so loads into every program. */
export const PRELOAD_LIST = "/etc/ld.so.preload";
/** ld.so's own cache: every program may read and map it, confined ones too. */
export const LOADER_CACHE = "/etc/ld.so.cache";
/** The manager as root's units run it; only root writes there. */
export const MANAGER_FOLDER = "/usr/lib/portreserve";
/** What the script of an exported archive puts into that folder: its record, and what that is of. */
export const EXPORTED_RECORD = "exported";
export const EXPORTED_PARTS: readonly string[] = ["setup", "portreserve-probe", "portreserve-probe-i386"];
/** The administrator's units and drop-ins. */
export const UNIT_FOLDER = "/etc/systemd/system";
/** Where packages of the distribution have theirs. */
export const VENDOR_UNIT_FOLDER = "/usr/lib/systemd/system";
/** The node of the distribution's own package: a package of portreserve depends on it. */
export const PACKAGED_NODE = "/usr/bin/node";
/** Every folder of units, the first that has a unit wins. */
export const UNIT_FOLDERS: readonly string[] = [
  UNIT_FOLDER,
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  VENDOR_UNIT_FOLDER,
  "/lib/systemd/system",
];
/** What a masked unit is a link to. */
export const MASK = "/dev/null";
/** There while systemd is process 1. */
export const SYSTEMD_RUNS = "/run/systemd/system";
/** Where systemd hears from the services that it has started; others that NOTIFY_SOCKET may name are told nothing. */
export const SYSTEMD_NOTIFY = "/run/systemd/notify";
/** What every AppArmor profile that includes abstractions/base may do; added to where the host has such a folder. */
export const APPARMOR_RULES = "/etc/apparmor.d/abstractions/base.d";
/** Includes the rules since AppArmor 3.0. */
export const APPARMOR_BASE = "/etc/apparmor.d/abstractions/base";
/** Its files, not its folders, hold the profiles. */
export const APPARMOR_POLICY = "/etc/apparmor.d";
/** The table of what the kernel's SELinux and AppArmor are doing. */
export const SELINUX = "/sys/fs/selinux/enforce";
export const APPARMOR = "/sys/module/apparmor/parameters/enabled";
/** Where the kernel answers what a profile of AppArmor's allows, and where it has a folder for each. */
export const APPARMOR_ANSWERS = "/sys/kernel/security/apparmor/.access";
export const APPARMOR_PROFILES = "/sys/kernel/security/apparmor/policy/profiles";
/** Where a node that root's units may run is looked for, before the one that runs this. */
export const NODE_PLACES: readonly string[] = ["/usr/bin/node", "/usr/local/bin/node", "/usr/bin/nodejs"];
/** glibc's loaders for the machines that this package knows, by the name each ABI fixes for them. */
export const LOADERS = [
  { abi: "x86_64", file: "/lib64/ld-linux-x86-64.so.2" },
  { abi: "i386", file: "/lib/ld-linux.so.2" },
  { abi: "x32", file: "/libx32/ld-linux-x32.so.2" },
  { abi: "aarch64", file: "/lib/ld-linux-aarch64.so.1" },
  { abi: "armhf", file: "/lib/ld-linux-armhf.so.3" },
] as const;
/** Programs whose behaviour everybody relies on, run with and without a new shim; the ones that a host lacks are left out. */
export const TRIAL_PROGRAMS: readonly (readonly [string, ...string[]])[] = [
  ["/bin/true"],
  ["/bin/false"],
  ["/bin/sh", "-c", 'read line </etc/passwd; echo "$line" | cat; exit 3'],
  ["/bin/cat", "/etc/passwd"],
  ["/bin/ls", "/"],
  ["/usr/bin/getent", "passwd", "root"],
];
/** Setuid programs, of which a host has one or two; what they print needs no privilege. */
export const SETUID_PROGRAMS: readonly (readonly [string, ...string[]])[] = [
  ["/bin/su", "--version"],
  ["/bin/mount", "--version"],
  ["/usr/bin/sudo", "--version"],
];
/** What a diff shows in the place of a file that does not exist. */
export const NO_FILE = "/dev/null";
/** The portreserve daemon of old, in the order in which it is looked for; of a merged /usr both are one file. */
export const OLD_DAEMON_PROGRAMS: readonly string[] = ["/usr/sbin/portreserve", "/sbin/portreserve"];
/** Its script; its unit has the same name as ours. */
export const OLD_DAEMON_SCRIPT = "portreserve";
/** Where scripts of SysV init are. */
export const SCRIPT_FOLDERS: readonly string[] = ["/etc/init.d", "/etc/rc.d/init.d"];
/** The links by which they are started, in a folder for each runlevel. */
export const RUNLEVEL_FOLDERS: readonly string[] = ["S", "2", "3", "4", "5"].flatMap((level) => [
  `/etc/rc${level}.d`,
  `/etc/rc.d/rc${level}.d`,
]);
/** What dpkg knows of the daemon's package: its files, one a line. */
export const OLD_DAEMON_DPKG_LIST = "/var/lib/dpkg/info/portreserve.list";
/** The shim's file name, in every folder. */
export const SHIM_FILE = "libportreserve.so";
/** The file name of the library for owners that do not share their port. */
export const SHARE_FILE = "libportreserve-share.so";
/** The file name of the shim's twin that gives high ports. */
export const HIGH_FILE = "libportreserve-high.so";
/** Where root keeps the files of sandboxes: nobody else can write there, and it is empty after the next boot. */
export const STAGE_FOLDER = "/run";
/** Everybody's, where nobody can take away what is another's. */
export const TEMPORARY_FOLDER = "/tmp";
/** Where programs of the host are looked for, whatever PATH says: the distribution's folders first, which are root's alone. */
export const SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";
/** Where systemd looks for the programs of units. */
export const UNIT_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The ports of the kernel's own RPC client, which mounts NFS: there while its module is loaded. */
export const SUNRPC_PORTS: readonly { readonly min: string; readonly max: string }[] = [
  { min: "/proc/sys/sunrpc/min_resvport", max: "/proc/sys/sunrpc/max_resvport" },
  { min: "/sys/module/sunrpc/parameters/min_resvport", max: "/sys/module/sunrpc/parameters/max_resvport" },
];
/** Where the kernel's lock manager for NFS listens, if somebody has chosen: there while its module is loaded. */
export const LOCKD_PORTS = { tcp: "/proc/sys/fs/nfs/nlm_tcpport", udp: "/proc/sys/fs/nfs/nlm_udpport" } as const;
/** Where processes are found: the mount point of proc. */
export const PROCESSES_PLACE = "/proc";
/** What is read below it, beside the processes themselves. */
export const READ_OF_PROC: readonly string[] = [
  "/proc/net",
  "/proc/stat",
  "/proc/sys/net",
  "/proc/sys/sunrpc",
  "/proc/uptime",
];
/** Where services keep what is theirs alone, and systemd what it hands to them: no program of the host is started from there. */
export const PRIVATE_PLACES: readonly string[] = [
  "/dev",
  "/tmp",
  "/var/tmp",
  "/run/credentials",
  "/run/systemd/incoming",
  "/run/user",
];
/** What mechanisms write. The names in sysctl.d come last of all: a later file would replace what is set. */
export const NFS_RANGE_MODPROBE = "/etc/modprobe.d/portreserve.conf";
export const NFS_RANGE_SYSCTL = "/etc/sysctl.d/zz-portreserve-nfs-range.conf";
export const EPHEMERAL_SYSCTL = "/etc/sysctl.d/zz-portreserve-ephemeral.conf";
export const NORESVPORT_FILE = "/etc/nfsmount.conf.d/portreserve.conf";
/** A file of reservations like any other, and what makes each daemon take what it reserves. */
export const FIXED_OWNERS = "/etc/portreserve/fixed";
export const FIXED_NFS_CONF = "/etc/nfs.conf.d/portreserve.conf";
export const FIXED_MODPROBE = "/etc/modprobe.d/portreserve-fixed.conf";
export const FIXED_SYSCTL = "/etc/sysctl.d/zz-portreserve-fixed.conf";
/** In the folder of a unit's drop-ins. */
export const FIXED_DROP_IN = "60-portreserve-fixed.conf";
/** Options of Debian's rpc.rquotad, and what starts it with them; its unit has no arguments that would reach it. */
export const QUOTA_DEFAULTS = "/etc/default/quota";
export const QUOTA_STARTER = "/usr/share/quota/quotarpc.sh";
/** Where distributions have the RPC daemons. */
export const DAEMON_FOLDERS: readonly string[] = ["/usr/sbin", "/sbin"];
export const NFS_CONF = "/etc/nfs.conf";
export const NFS_CONF_FOLDER = "/etc/nfs.conf.d";
/** Where others set the same; of two files with one name the first folder's counts. */
export const SYSCTL_FOLDERS: readonly string[] = [
  "/etc/sysctl.d",
  "/run/sysctl.d",
  "/usr/local/lib/sysctl.d",
  "/usr/lib/sysctl.d",
  "/lib/sysctl.d",
];
/** Read by systemd only through a link in sysctl.d, and by 'sysctl --system' after all others. */
export const SYSCTL_FILE = "/etc/sysctl.conf";
export const MODPROBE_FOLDERS: readonly string[] = [
  "/etc/modprobe.d",
  "/run/modprobe.d",
  "/usr/local/lib/modprobe.d",
  "/usr/lib/modprobe.d",
  "/lib/modprobe.d",
];
export const NFSMOUNT_FILE = "/etc/nfsmount.conf";
export const NFSMOUNT_FOLDER = "/etc/nfsmount.conf.d";
export const KERNEL_COMMAND_LINE = "/proc/cmdline";
/** What a module that can be unloaded has, and one that is part of the kernel has not. */
export const SUNRPC_MODULE = { folder: "/sys/module/sunrpc", loaded: "/sys/module/sunrpc/initstate" } as const;
export const MOUNTINFO = "/proc/self/mountinfo";
export const UNPRIVILEGED_START = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
export const LOCAL_PORT_RANGE = "/proc/sys/net/ipv4/ip_local_port_range";
export const LOCAL_RESERVED_PORTS = "/proc/sys/net/ipv4/ip_local_reserved_ports";
/** The active security modules, where securityfs is mounted. */
export const SECURITY_MODULES = "/sys/kernel/security/lsm";
/** A BMC's interfaces, and the kernel's list of them. */
export const IPMI_DEVICES: readonly string[] = ["/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0", "/sys/class/ipmi"];
/** Where setuid programs are; subfolders are not looked into. */
export const PROGRAM_FOLDERS: readonly string[] = [
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/lib",
  "/usr/libexec",
];
/** Where loaders look at last, on the distributions there are. */
export const LIBRARY_FOLDERS: readonly string[] = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib/aarch64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/lib/i386-linux-gnu",
  "/usr/lib/i386-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
  "/lib32",
  "/usr/lib32",
];
/** What a process has open as its standard input, as a program to start. */
export const STANDARD_INPUT_PROGRAM = "/proc/self/fd/0";
