// What lives in the zoo: programs that get privileged ports in every way that there is, and the services that run them.
import { spawnSync } from "node:child_process";
import { skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { built, THIEF_PID } from "../support/sandbox.ts";

const HERE = "test/coverage/zoo-programs";
const soname = (name: string): readonly string[] => ["-shared", "-fPIC", `-Wl,-soname,${name}`];

const HOLDER = [`${HERE}/holder.c`];
/** A program with a function of its own that is named like libc's. */
const OWN = [`${HERE}/take-library.c`, `${HERE}/rpc-library.c`];

/** A holder with its way of getting ports. */
function holder(way: string, flags: readonly string[] = [], compiler = "cc"): string {
  return compileC([`${HERE}/${way}.c`, ...HOLDER], flags, compiler);
}

/** A holder that has a library in a folder of the guest open its sockets. */
function withLibrary(folder: string, name: string, library: string, compiler = "cc"): Record<string, string> {
  return {
    [`${folder}/${name}`]: library,
    [`${folder}/program`]: holder("take-library", [library, `-Wl,-rpath,${folder}`], compiler),
  };
}

function withRpcLibrary(folder: string, flags: readonly string[] = [], compiler = "cc"): Record<string, string> {
  const name = "libtirpc.so.3";
  const library = compileC(`${HERE}/rpc-library.c`, [...soname(name), ...flags], compiler);
  return withLibrary(folder, name, library, compiler);
}

/** Holders that confine themselves before they take anything; two of them cannot open the table. */
export const CONFINED: Readonly<Record<string, readonly string[]>> = {
  filtered: ["-DFILTER=SYS_openat"],
  harmless: ["-DFILTER=SYS_mkdirat"],
  unprivileged: [],
  ...(noLandlock() === undefined ? { landlocked: ["-DLANDLOCK"] } : {}),
};

/** Why no program can enter a Landlock domain; undefined where one can. */
export function noLandlock(): string | undefined {
  const { status } = spawnSync(compileC(`${HERE}/confine.c`, ["-DASK"]));
  return status === 0 ? undefined : "this kernel has no Landlock";
}

/** Libraries that a test writes into the preload list, or into LD_PRELOAD. */
export const WRAPPER = "/opt/wrapper/libwrapper.so";
export const CALLING_WRAPPER = "/opt/wrapper/libcalling.so";
export const SYSCALL_WRAPPER = "/opt/wrapper/libsyscall.so";

/** What is copied into the guest, by the path there. */
export function zooPrograms(): Readonly<Record<string, string>> {
  const plain = holder("take-bindresvport");
  const loop = holder("take-bind-loop");
  const libnfs = "libnfs.so.13";
  return {
    "/usr/local/sbin/holder": plain,
    "/usr/local/sbin/static-holder": holder("take-bindresvport", ["-static"]),
    "/usr/local/sbin/stripped-holder": holder("take-bindresvport", ["-static", "-s"]),
    "/usr/local/sbin/old-holder": holder("take-bindresvport", ["-m32"]),
    "/usr/local/sbin/rcmd-holder": holder("take-rcmd"),
    "/usr/local/sbin/plugin-holder": holder("take-plugin", ["-DOPEN(name)=dlopen(name,RTLD_NOW)"]),
    "/usr/local/sbin/deep-holder": holder("take-plugin", [DEEP]),
    "/usr/local/sbin/lazy-holder": holder("take-plugin", ["-DOPEN(name)=dlopen(name,RTLD_LAZY)", "-DLAZY"]),
    "/usr/local/sbin/opening-holder": holder("take-opened", [
      '-DOPEN()=dlopen("/opt/lazy/libtirpc.so.3",RTLD_LAZY)',
      "-DLAZY",
    ]),
    "/usr/local/sbin/namespace-holder": holder("take-plugin", ["-DOPEN(name)=dlmopen(LM_ID_NEWLM,name,RTLD_NOW)"]),
    ...Object.fromEntries(
      Object.entries(CONFINED).map(([name, flags]) => [
        `/usr/local/sbin/${name}-holder`,
        compileC([`${HERE}/take-bindresvport.c`, `${HERE}/confine.c`, ...HOLDER], ["-DLAZY", ...flags]),
      ]),
    ),
    "/usr/local/sbin/own-holder": compileC([...OWN, ...HOLDER]),
    "/usr/local/sbin/lazy-deep-holder": holder("take-plugin", [DEEP, "-DLAZY"]),
    "/usr/local/sbin/loop-holder": loop,
    "/usr/sbin/glusterd": loop,
    "/usr/lib/cups/backend/lpd": loop,
    ...withLibrary("/opt/nfs", libnfs, compileC(`${HERE}/take-bind-loop.c`, [...soname(libnfs), "-Dtake=rpc_socket"])),
    ...withRpcLibrary("/opt/plain"),
    ...withRpcLibrary("/opt/lazy", ["-Wl,-z,lazy"]),
    ...withRpcLibrary("/opt/symbolic", ["-Wl,-Bsymbolic-functions"]),
    ...withRpcLibrary("/opt/musl", [], "musl-gcc"),
    // Functions of their own, which nobody in them calls by its name; in the second other functions call them directly.
    [WRAPPER]: compileC(`${HERE}/rpc-library.c`, [...soname("libwrapper.so"), "-DPURE"]),
    [CALLING_WRAPPER]: compileC(`${HERE}/rpc-library.c`, [...soname("libcalling.so"), "-Wl,-Bsymbolic-functions"]),
    // As torsocks has it: its own idea of what system calls are for.
    [SYSCALL_WRAPPER]: compileC(`${HERE}/wrap-syscall.c`, [...soname("libsyscall.so"), "-fno-builtin"]),
  };
}

const DEEP = "-DOPEN(name)=dlopen(name,RTLD_NOW|RTLD_DEEPBIND)";

/** By name, what each one runs, and how. */
export type Services = Readonly<Record<string, string>>;

/** The services beside the packaged ones. */
const SERVICES_OF_ALL: Services = {
  // Before install.
  thief: `ExecStart=${built.pidexec} --pid ${THIEF_PID} -- /usr/local/sbin/holder\nType=exec\nRestart=on-failure\nRestartSec=100ms`,
  wiped: "ExecStart=/usr/bin/env -i /usr/local/sbin/holder",
  lazyearly: "ExecStart=/usr/local/sbin/lazy-holder",
  // After it.
  plain: "ExecStart=/usr/local/sbin/holder",
  outdated: "ExecStart=/usr/local/sbin/holder",
  private: "ExecStart=/usr/local/sbin/holder\nPrivateTmp=yes",
  static: "ExecStart=/usr/local/sbin/static-holder",
  stripped: "ExecStart=/usr/local/sbin/stripped-holder",
  bits32: "ExecStart=/usr/local/sbin/old-holder",
  rcmd: "ExecStart=/usr/local/sbin/rcmd-holder",
  plugin: "ExecStart=/usr/local/sbin/plugin-holder",
  deep: "ExecStart=/usr/local/sbin/deep-holder",
  lazy: "ExecStart=/usr/local/sbin/lazy-holder",
  opened: "ExecStart=/usr/local/sbin/opening-holder",
  lazydeep: "ExecStart=/usr/local/sbin/lazy-deep-holder",
  namespace: "ExecStart=/usr/local/sbin/namespace-holder",
  own: "ExecStart=/usr/local/sbin/own-holder",
  library: "ExecStart=/opt/plain/program",
  preloaded: "ExecStart=/opt/plain/program\nEnvironment=LD_PRELOAD=/opt/plain/libtirpc.so.3",
  symbolic: "ExecStart=/opt/symbolic/program",
  musl: "ExecStart=/opt/musl/program",
  gluster: "ExecStart=/usr/sbin/glusterd",
  lpd: "ExecStart=/usr/lib/cups/backend/lpd",
  libnfs: "ExecStart=/opt/nfs/program",
  loop: "ExecStart=/usr/local/sbin/loop-holder",
  jailed: "ExecStart=/usr/sbin/chroot /srv/jail /usr/local/sbin/holder",
  othertable:
    "ExecStart=/usr/local/sbin/holder\nBindReadOnlyPaths=/srv/other/etc/portreserve.table:/etc/portreserve.table",
  notable: "ExecStart=/usr/local/sbin/holder\nInaccessiblePaths=/etc/portreserve.table",
  apart: "ExecStart=/usr/local/sbin/holder\nPrivateNetwork=yes",
  powerless: "ExecStart=/usr/local/sbin/holder\nUser=nobody",
};

/** All that a holder needs, and no shim. */
const RUNNABLE = ["/usr/local/sbin/holder", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"];

/** Nobody starts them: what is said of them is said of programs. */
const IDLE_OF_ALL: Services = {
  plain: "ExecStart=/usr/local/sbin/holder",
  shell: "ExecStart=/bin/sh -c 'exec /usr/local/sbin/holder'",
  none: "ExecStart=/usr/local/sbin/holder",
  static: "ExecStart=/usr/local/sbin/static-holder",
  stripped: "ExecStart=/usr/local/sbin/stripped-holder",
  bits32: "ExecStart=/usr/local/sbin/old-holder",
  library: "ExecStart=/opt/plain/program",
  symbolic: "ExecStart=/opt/symbolic/program",
  musl: "ExecStart=/opt/musl/program",
  gluster: "ExecStart=/usr/sbin/glusterd",
  libnfs: "ExecStart=/opt/nfs/program",
  rooted: "ExecStart=/usr/local/sbin/holder\nRootDirectory=/srv/jail",
  notable: "ExecStart=/usr/local/sbin/holder\nInaccessiblePaths=/etc/portreserve.table",
  othertable:
    "ExecStart=/usr/local/sbin/holder\nBindReadOnlyPaths=/srv/other/etc/portreserve.table:/etc/portreserve.table",
  masked: "ExecStart=/usr/local/sbin/holder\nBindReadOnlyPaths=/dev/null:/etc/ld.so.preload",
  maskedtoo: "ExecStart=/usr/local/sbin/holder\nInaccessiblePaths=/etc/ld.so.preload",
  noexec: `ExecStart=/usr/local/sbin/holder\nNoExecPaths=/\nExecPaths=${RUNNABLE.join(" ")}`,
  preloaded: "ExecStart=/opt/plain/program\nEnvironment=LD_PRELOAD=/opt/plain/libtirpc.so.3",
  emptied: "ExecStart=/usr/local/sbin/holder\nEnvironmentFile=-/etc/default/emptied",
  unset: "ExecStart=/usr/local/sbin/holder",
  capable: "ExecStart=/usr/local/sbin/capable-holder\nUser=nobody",
};

/** Why there are no programs of 32 bits among them; undefined where there are. */
export const no32 = skipReason("32-bit programs");
const { bits32: _running, ...others } = SERVICES_OF_ALL;
const { bits32: _idle, ...othersIdle } = IDLE_OF_ALL;
export const SERVICES: Services = no32 === undefined ? SERVICES_OF_ALL : others;
export const IDLE: Services = no32 === undefined ? IDLE_OF_ALL : othersIdle;
