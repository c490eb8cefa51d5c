// Every verb, run by root on a whole host in an environment that leads to witnesses everywhere, and with watched programs.
import path from "node:path";
import { type Attacked, attack, type Manager } from "./scene.ts";
import { PROGRAMS } from "./witnesses.ts";

/** In an order in which each has something to do. `run` is left out: it runs what its caller asks in his environment. */
const VERBS = {
  check: "check",
  list: "list",
  compile: "compile",
  install: "install",
  mechanisms: "mechanisms",
  "mechanisms apply": "mechanisms apply noresvport fixed --now",
  "mechanisms remove": "mechanisms remove noresvport fixed --now",
  status: "status",
  metrics: "status --prometheus",
  plugin: "status --nagios -t 100",
  verify: "verify",
  "verify --unit": "verify --unit some",
  lookup: "lookup 631",
  map: "map",
  reserve: "reserve some --dry-run",
  unreserve: "unreserve 700 --dry-run",
  export: "export /run/archive.tar.gz",
  migrate: "migrate --dry-run",
  demo: "demo",
  completion: "completion bash",
  uninstall: "uninstall",
} as const;
export const NAMES = Object.keys(VERBS) as (keyof typeof VERBS)[];

/** What the caller's environment has; each value leads to the user's folder, or is a word that nobody else has. */
const CALLERS = [
  'LD_PRELOAD="$MINE/preload.so"',
  'LD_AUDIT="$MINE/audit.so"',
  'LD_LIBRARY_PATH="$MINE"',
  'NODE_OPTIONS="--require=$MINE/witness.cjs"',
  'NODE_PATH="$MINE"',
  'PATH="$MINE/bin:$PATH"',
  'BASH_ENV="$MINE/bin/true"',
  'ENV="$MINE/bin/true"',
  'PS4="\\$($MINE/bin/true)"',
  '"BASH_FUNC_echo%%=() { $MINE/bin/function; builtin echo \\"\\$@\\"; }"',
  'GCONV_PATH="$MINE"',
  'GLIBC_TUNABLES="glibc.malloc.tcache_count=0:$MINE"',
  'MALLOC_TRACE="$MINE/trace"',
  'LOCPATH="$MINE"',
  'SYSTEMD_PAGER="$MINE/bin/cat"',
  'SYSTEMD_EDITOR="$MINE/bin/cat"',
  'SYSTEMD_UNIT_PATH="$MINE"',
  'DBUS_SYSTEM_BUS_ADDRESS="unix:path=$MINE/bus"',
  'IFS="x$MINE"',
  'HOME="$MINE"',
  'TMPDIR="$MINE/tmp"',
].join(" ");

/** The programs that are watched on the way to the real ones. bash as sh, as on Fedora, takes functions from the environment. */
const WATCHED = PROGRAMS.filter((name) => !["node", "nodejs", "bash", "npm", "npx"].includes(name));

/** What a shell of a manager of old's obeys, too, but then its install does not get beyond its trial. */
const TRACING = "SHELLOPTS=xtrace";

const scriptFor = ({
  isFixed,
}: Manager): string => `mkdir "$MINE/tmp"; chmod 1777 "$MINE/tmp"; cp "$MINE/bin/true" "$MINE/bin/function"
echo of-root >/run/kept; chmod 600 /run/kept
# Access controls that the manager takes for active, and tools that do nothing.
mount -t tmpfs none /sys/module; mkdir -p /sys/module/apparmor/parameters; echo Y >/sys/module/apparmor/parameters/enabled
for tool in apparmor_parser systemctl matchpathcon semanage restorecon; do
  rm -f /usr/bin/$tool /usr/sbin/$tool; printf '#!/bin/bash\\nexit 0\\n' >/usr/sbin/$tool; chmod 755 /usr/sbin/$tool
done
# What mechanisms ask whether it reads their files, and a daemon to give a port to.
printf '#!/bin/bash\\nexit 0\\n' >/usr/sbin/mount.nfs
printf '#!/bin/bash\\nsed -n "/^.$2.$/,/^.[a-z-]*.$/s/^$3=//p" /etc/nfs.conf.d/portreserve.conf\\n' >/usr/sbin/nfsconf
chmod 755 /usr/sbin/mount.nfs /usr/sbin/nfsconf; [ -e /usr/sbin/rpc.mountd ] || : >/usr/sbin/rpc.mountd
rm /usr/bin/sh; cp /usr/bin/bash /usr/bin/sh
${isFixed ? "" : "rm -f /lib/ld-linux.so.2 # 32-bit programs complain of 64-bit witnesses, which ends its trial"}
offered() { bash -c 'exec 9</run/kept 100</run/kept; exec env "$@"' bash ${isFixed ? `${CALLERS} ${TRACING}` : CALLERS} "$NODE" "$MANAGER" "$@"; }
# Each program of the host tells who starts it with what, and then starts the real one.
for folder in /usr/bin /usr/sbin; do ln -s "$MINE/witness.log" $folder/witness.log; done
mkdir -p /usr/lib/portreserve-real; cp /usr/bin/cp /usr/lib/portreserve-real
for name in ${WATCHED.join(" ")}; do
  for file in /usr/bin/$name /usr/sbin/$name; do
    [ -f $file ] || continue
    /usr/bin/mv $file /usr/lib/portreserve-real/$name; /usr/lib/portreserve-real/cp "$MINE/bin/function" $file
  done
  hash -r 2>/dev/null
done
# Each asks the host's loaders, instead of remembering what the one before it has heard.
${NAMES.map((name, at) => `begin ${at}\nrm -f /run/portreserve.seen\nstep ${at} offered ${VERBS[name]}`).join("\n")}
begin nowhere
step nowhere env TMPDIR=/nonexistent "$NODE" "$MANAGER" demo
`;

const runs = new Map<Manager, Promise<Attacked>>();

/** Once for each manager. */
export function everyVerb(manager: Manager): Promise<Attacked> {
  const etc = {
    "apparmor.d/abstractions/base": "  include if exists <abstractions/base.d>\n",
    "systemd/system/some.service": "[Service]\nExecStart=/bin/sleep 1000\n",
    "systemd/system/some.socket": "[Socket]\nListenStream=700\n",
  };
  const run = runs.get(manager) ?? manager.main().then((main) => attack(scriptFor(manager), { main, etc }));
  runs.set(manager, run);
  return run;
}

/** The name of the folder of witnesses is in whatever leads to it. */
export const leadsToMine = (text: string): boolean => text.includes(`${path.sep}mine`);
