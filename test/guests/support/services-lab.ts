// A host with a Kerberos realm, rsync and IMAP, and with NIS daemons that ask for their ports first.
import { NATIVE } from "./releases.ts";

/** The process id with which glibc and libtirpc first try the port (600 to 1023): far above those of a fresh guest. */
const pidFor = (port: number, round: number): number => 424 * round + port - 600;

/** Runs the command with the process id that tries the port first. */
const asking = (port: number, command: string, round: number): string =>
  `${NATIVE}/portreserve-pidexec --pid ${pidFor(port, round)} -- ${command}`;

const VICTIMS = "krb5-kdc.service krb5-admin-server.service rsync.service dovecot.service";

/** Over a package's own unit: in the foreground, with its process id, and started when it has all its sockets. */
const nisDaemon = (command: string, port: number, program: number): string => `[Unit]
Before=${VICTIMS}
[Service]
Type=exec
PIDFile=
ExecStart=
ExecStart=${asking(port, command, 50)}
ExecStartPost=/bin/sh -c "until rpcinfo | grep -q '^ *${program} .* tcp6 '; do sleep 0.02; done"
`;

/** glibc's own function, which does not read the blacklist. */
const probe = (port: number): string => `[Unit]
Before=${VICTIMS}
[Service]
Type=exec
ExecStart=/bin/sh -c "exec ${asking(port, `${NATIVE}/portreserve-probe --symbol bindresvport --hold`, 51)} >/run/%N.out"
ExecStartPost=/bin/sh -c "until [ -s /run/%N.out ]; do sleep 0.02; done"
`;

const UNITS = "/etc/systemd/system";

/** To be there from the first boot on, which starts all of it but the probes. Debian's blacklist stays as it is. */
export const LAB: Readonly<Record<string, string>> = {
  "/etc/defaultdomain": "lab.example\n",
  "/etc/yp.conf": "domain lab.example server 127.0.0.1\n",
  "/var/yp/lab.example/keep": "",
  "/var/yp/nicknames": "",
  [`${UNITS}/ypserv.service.d/lab.conf`]: nisDaemon("/usr/sbin/ypserv --foreground", 749, 100004),
  [`${UNITS}/ypbind.service.d/lab.conf`]: nisDaemon("/usr/sbin/ypbind -foreground", 873, 100007),
  [`${UNITS}/ypxfrd.service.d/lab.conf`]: nisDaemon("/usr/sbin/rpc.ypxfrd --foreground", 993, 600100069),
  [`${UNITS}/glibc-873.service`]: probe(873),
  [`${UNITS}/glibc-993.service`]: probe(993),
  [`${UNITS}/multi-user.target.d/lab.conf`]: `[Unit]
Wants=ypserv.service ypbind.service ypxfrd.service rsync.service
`,
  [`${UNITS}/realm.service`]: `[Service]
Type=oneshot
ExecStart=/usr/sbin/kdb5_util create -s -r LAB.EXAMPLE -P secret
`,
  // As realm.service is only there for them, it runs before the first of them starts.
  ...Object.fromEntries(
    ["krb5-kdc", "krb5-admin-server"].map((name) => [
      `${UNITS}/${name}.service.d/lab.conf`,
      "[Unit]\nWants=realm.service\nAfter=realm.service\n",
    ]),
  ),
  [`${UNITS}/realm.service.d/once.conf`]: "[Unit]\nConditionPathExists=!/var/lib/krb5kdc/principal\n",
  "/etc/krb5.conf": `[libdefaults]
default_realm = LAB.EXAMPLE
[realms]
LAB.EXAMPLE = {
  kdc = localhost
  admin_server = localhost
}
`,
  "/etc/krb5kdc/kadm5.acl": "",
  "/etc/rsyncd.conf": "[files]\npath = /srv/files\n",
  "/srv/files/hello": "",
};

/** What their packages would bring, or their administrator writes. */
export const RESERVED: Readonly<Record<string, string>> = {
  "krb5-admin-server": "kerberos-adm/tcp\n",
  // Debian's kdc.conf has the KDC answer on 750, too.
  "krb5-kdc": "750/udp\n",
  rsync: "rsync/tcp\n",
  dovecot: "imaps/tcp\n",
};

/** A line for each socket that serves a port of 600 to 1023: "tcp 0.0.0.0:749 ypserv", by port. */
export const HOLDERS = `ss -Hlntup | awk '$1 == "udp" || $2 == "LISTEN" {
  port = $5; sub(/.*:/, "", port); port += 0
  name = $0; sub(/.*users:\\(\\("/, "", name); sub(/".*/, "", name)
  if (port >= 600 && port < 1024) print port, $1, $5, name
}' | LC_ALL=C sort -u | sort -n -s -k 1,1 | cut -d' ' -f2-`;

/** rpcinfo takes a privileged port itself: one where it is in nobody's way. */
const rpcinfo = (args: string): string => asking(700, `rpcinfo ${args}`, 52);

/** That the thieves serve: each answers its clients. */
export const THIEVES_SERVE = ["100004 2", "100007 2", "600100069 1"]
  .map((program) => `${rpcinfo(`-T tcp 127.0.0.1 ${program}`)} 2>&1`)
  .join("; ");
export const THIEVES_ANSWER = `program 100004 version 2 ready and waiting
program 100007 version 2 ready and waiting
program 600100069 version 1 ready and waiting
`;

/** What whoever listens on 749 says when it is asked for kadmind's program. */
export const ASK_749 = `${rpcinfo("-a 127.0.0.1.2.237 -T tcp 2112 2")} 2>&1 | grep -m1 -o 'RPC: .*'`;
export const ASK_RSYNC = "rsync --no-motd rsync://127.0.0.1/files/ | grep -o 'hello$'";
/** A real TLS handshake with the package's own certificate, then IMAP inside it. */
export const ASK_IMAPS = `echo 'a logout' | openssl s_client -connect 127.0.0.1:993 -quiet -ign_eof 2>/dev/null |
  grep -o -e '^\\* OK .CAPABILITY' -e '^a OK'`;
