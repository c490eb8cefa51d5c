// The zoo: programs that get privileged ports in every way that there is, as services of a guest, and what each can really get.
import { MAIN } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { built, THIEF_PID } from "../support/sandbox.ts";

const HERE = "test/coverage/zoo-programs";
const LIBRARY = `${HERE}/rpc-library.c`;
const SHARED = ["-shared", "-fPIC", "-Wl,-soname,libtirpc.so.3"];
/** The manager, as a command for the guest's shell. */
export const CTL = `${process.execPath} ${MAIN}`;
/** A port that is reserved and that nobody holds: who can get it is not covered. */
const BAIT = 700;
/** Where each keeps what it says. */
const SAID = "/run/zoo";

/** A holder with its way of getting ports. */
function holder(way: string, flags: readonly string[] = [], compiler = "cc"): string {
  return compileC([`${HERE}/${way}.c`, `${HERE}/holder.c`], flags, compiler);
}

/** A holder that uses a small RPC library in a folder of the guest. */
function withLibrary(folder: string, flags: readonly string[] = [], compiler = "cc"): Record<string, string> {
  const library = compileC(LIBRARY, [...SHARED, ...flags], compiler);
  return {
    [`${folder}/libtirpc.so.3`]: library,
    [`${folder}/program`]: holder("take-library", [library, `-Wl,-rpath,${folder}`], compiler),
  };
}

/** What is copied into the guest, by the path there. */
function programs(): Readonly<Record<string, string>> {
  const plain = holder("take-bindresvport");
  return {
    "/usr/local/sbin/holder": plain,
    "/usr/local/sbin/static-holder": holder("take-bindresvport", ["-static"]),
    "/usr/local/sbin/stripped-holder": holder("take-bindresvport", ["-static", "-s"]),
    "/usr/local/sbin/old-holder": holder("take-bindresvport", ["-m32"]),
    "/usr/local/sbin/rcmd-holder": holder("take-rcmd"),
    "/usr/local/sbin/plugin-holder": holder("take-plugin", ["-DMODE=RTLD_NOW"]),
    "/usr/local/sbin/deep-holder": holder("take-plugin", ["-DMODE=(RTLD_NOW|RTLD_DEEPBIND)"]),
    ...withLibrary("/opt/plain"),
    ...withLibrary("/opt/symbolic", ["-Wl,-Bsymbolic-functions"]),
    ...withLibrary("/opt/musl", [], "musl-gcc"),
  };
}

/** The services beside the packaged ones: what each one runs, and how. */
const SERVICES: Readonly<Record<string, string>> = {
  // Before install.
  thief: `ExecStart=${built.pidexec} --pid ${THIEF_PID} -- /usr/local/sbin/holder\nType=exec\nRestart=on-failure\nRestartSec=100ms`,
  wiped: "ExecStart=/usr/bin/env -i /usr/local/sbin/holder",
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
  library: "ExecStart=/opt/plain/program",
  symbolic: "ExecStart=/opt/symbolic/program",
  musl: "ExecStart=/opt/musl/program",
  jailed: "ExecStart=/usr/sbin/chroot /srv/jail /holder",
  othertable:
    "ExecStart=/usr/local/sbin/holder\nBindReadOnlyPaths=/srv/other/etc/portreserve.table:/etc/portreserve.table",
  notable: "ExecStart=/usr/local/sbin/holder\nInaccessiblePaths=/etc/portreserve.table",
  apart: "ExecStart=/usr/local/sbin/holder\nPrivateNetwork=yes",
  powerless: "ExecStart=/usr/local/sbin/holder\nUser=nobody",
};

const unitText = (name: string, text: string): string =>
  `[Unit]\nStartLimitIntervalSec=0\n[Service]\n${text}\nStandardOutput=append:${SAID}/${name}\n`;

/** Boots the guest, with all of it in place and nothing started; 631, 665 and a bait are reserved, and no blacklist's ports. */
export async function bootZoo(): Promise<Guest> {
  const copies = programs();
  const guest = await bootGuest({
    files: {
      "/etc/portreserve/cups": "631\n",
      "/etc/portreserve/other": `665/udp\n${BAIT}\n`,
      "/etc/bindresvport.blacklist": "",
      "/etc/defaultdomain": "example\n",
      ...Object.fromEntries(
        Object.entries(SERVICES).map(([name, text]) => [`/etc/systemd/system/${name}.service`, unitText(name, text)]),
      ),
    },
  });
  try {
    await guest.output(
      `set -e; mkdir -p ${SAID} /srv/jail/lib64 /srv/jail/lib/x86_64-linux-gnu /var/yp/example
while [ $# -gt 0 ]; do mkdir -p "$(dirname "$2")"; cp "$1" "$2"; chmod 755 "$2"; shift 2; done
cp /usr/local/sbin/holder /srv/jail/
cp /lib64/ld-linux-x86-64.so.2 /srv/jail/lib64/
cp /lib/x86_64-linux-gnu/libc.so.6 /srv/jail/lib/x86_64-linux-gnu/
mkdir -p /srv/other/etc/portreserve; echo 900 >/srv/other/etc/portreserve/other
${CTL} compile --root /srv/other`,
      { args: Object.entries(copies).flatMap(([to, from]) => [from, to]) },
    );
  } catch (error) {
    await guest.stop();
    throw error;
  }
  return guest;
}

/** Starts services, and waits until each holder among them has its first port or was refused one. */
export async function startServices(guest: Guest, ...names: readonly string[]): Promise<void> {
  const ours = names.filter((name) => Object.hasOwn(SERVICES, name));
  await guest.output(
    `systemctl restart "$@" || { systemctl status --no-pager "$@"; exit 1; }
for name in ${ours.join(" ")}; do
  for try in $(seq 300); do grep -q holds ${SAID}/$name && continue 2; sleep 0.02; done
  echo "$name says nothing"; systemctl status --no-pager $name; exit 1
done`,
    { args: names },
  );
}

/** Whether each holder can get the reserved bait, found out by letting it take all that it can. */
export async function takers(guest: Guest, ...names: readonly string[]): Promise<Readonly<Record<string, boolean>>> {
  const found: Record<string, boolean> = {};
  for (const name of names) {
    const said = await guest.output(
      `: >${SAID}/$1
kill -USR1 "$(systemctl show -P MainPID "$1")"
for try in $(seq 300); do grep "can get" ${SAID}/$1 && exit 0; sleep 0.02; done; exit 1`,
      { args: [name] },
    );
    found[name] = said.trim().split(" ").includes(String(BAIT));
  }
  return found;
}
