// The shim's twin in real daemons and clients: the ports that the kernel chooses, and what servers that insist on privileged
// ones say to them. Each beside the same without it.
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { noSandbox, play } from "../support/sandbox.ts";
import { stagedNatives } from "../support/stage/stage.ts";
import { NIS_NEEDS, playNis, playRpc } from "./rpc.ts";

const HIGH = path.join(stagedNatives(), "libportreserve-high.so");
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

/** Runs a script once without a library and once with the twin, as $LIBRARY has it for LD_PRELOAD. */
const twice = (script: string): string => `for LIBRARY in "" "$HIGH"; do
echo "with \${LIBRARY##*/}"
${script}done
`;
const environment = { HIGH };

const noSetuid = skipReason("root") ?? (await noSandbox());

describe.skipIf(noSetuid !== undefined)(named("a setuid program", noSetuid), () => {
  test("takes the twin from no user, by its path, by its name or by a folder; the user's own program does (control)", async () => {
    const script = `cp "$PROGRAM" "$SCRATCH/plain"; cp "$PROGRAM" "$SCRATCH/setuid"; chmod 4755 "$SCRATCH/setuid"
as() { "$PIDEXEC" --pid "$THIEF" -- setpriv --reuid=65534 --regid=65534 --clear-groups env "$@" 2>&1; }
as LD_PRELOAD="$HIGH" "$SCRATCH/plain"
as LD_PRELOAD="$HIGH" "$SCRATCH/setuid"
as LD_LIBRARY_PATH="\${HIGH%/*}" LD_PRELOAD="\${HIGH##*/}" "$SCRATCH/plain"
as LD_LIBRARY_PATH="\${HIGH%/*}" LD_PRELOAD="\${HIGH##*/}" "$SCRATCH/setuid" | grep -v '^ERROR: ld.so: '
`;
    const { stdout } = await play(script, {
      cover: "nothing",
      environment: { HIGH, PROGRAM: compileC("test/daemons/programs/one-port.c") },
    });
    const [plain, setuid] = ["uid 65534 euid 65534: high", "uid 65534 euid 0: 631"];
    expect(stdout.replace(/: \d{5}$/gm, ": high")).toBe(lines(plain, setuid, plain, setuid));
  });
});

const noNis = skipReason(...NIS_NEEDS);

describe.skipIf(noNis !== undefined)(named("NIS with high ports", noNis), () => {
  const nis = (script: string) => playNis("nothing", script, undefined, environment);

  test("ypbind takes ports that the kernel chooses, binds its domain, and the owner gets 631; without it has 631 (control)", async () => {
    const { stdout } = await nis(`"$PIDEXEC" --pid 700 -- ypserv -f &
until_works registered 100004
${twice(`LD_PRELOAD=$LIBRARY "$PIDEXEC" --pid "$THIEF" -- ypbind -n &
client=$!
until_works registered 100007
until_works ypwhich
sockets "$THIEF" | awk -F: '{ print $NF < 1024 ? "privileged" : "high" }' | sort -u
owner
ypwhich
ypmatch kim passwd.byname
kill "$THIEF"; wait "$client"
for version in 1 2 3; do rpcinfo -d 100007 $version; done 2>"$SCRATCH/said"
`)}`);
    const binds = ["127.0.0.1", "kim:x:1001:1001:Kim:/home/kim:/bin/sh"];
    expect(stdout).toBe(
      lines("with ", "privileged", 'owner tcp {"error":"EADDRINUSE"}', 'owner udp {"error":"EADDRINUSE"}', ...binds) +
        lines("with libportreserve-high.so", "high", 'owner tcp {"port":631}', 'owner udp {"port":631}', ...binds),
    );
  });

  test("ypserv gives a map that it keeps secure to privileged ports alone, and the others to all", async () => {
    const { stdout } = await nis(`echo 'kim kim:secret' >"$SCRATCH/shadow"
/usr/lib/yp/makedbm -o example -m localhost "$SCRATCH/shadow" /var/yp/example/shadow.byname
"$PIDEXEC" --pid 700 -- ypserv -f &
until_works registered 100004
"$PIDEXEC" --pid 800 -- ypbind -n &
until_works ypwhich
${twice(`LD_PRELOAD=$LIBRARY ypcat passwd.byname 2>&1
LD_PRELOAD=$LIBRARY ypcat shadow.byname 2>&1
`)}`);
    expect(stdout).toBe(
      lines("with ", "kim:x:1001:1001:Kim:/home/kim:/bin/sh", "kim:secret") +
        lines("with libportreserve-high.so", "kim:x:1001:1001:Kim:/home/kim:/bin/sh") +
        lines("No such map shadow.byname. Reason: No such map in server's domain"),
    );
  });

  test("yppush from a high port is not heard by ypserv with xfr_check_port, and is without", async () => {
    const { stdout } = await nis(`for check in yes no; do
sed "s/^xfr_check_port:.*/xfr_check_port: $check/" /etc/ypserv.conf >"$SCRATCH/$check"
mount --bind "$SCRATCH/$check" /etc/ypserv.conf
"$PIDEXEC" --pid 700 -- ypserv -f &
server=$!
until_works registered 100004
echo "xfr_check_port: $check"
${twice(`LD_PRELOAD=$LIBRARY yppush -t 3 -v -d example -h 127.0.0.1 passwd.byname 2>&1 | grep -o 'Status received\\|timed out'
`)}kill 700; wait "$server"
for version in 1 2; do rpcinfo -d 100004 $version; done 2>"$SCRATCH/said"
done
`);
    expect(stdout).toBe(
      lines("xfr_check_port: yes", "with ", "Status received", "with libportreserve-high.so", "timed out") +
        lines("xfr_check_port: no", "with ", "Status received", "with libportreserve-high.so", "Status received"),
    );
  });
});

const noNfs = skipReason(
  "root",
  { program: "rpcbind", package: "rpcbind" },
  { program: "ganesha.nfsd", package: "nfs-ganesha" },
  { program: "showmount", package: "nfs-common" },
);

describe.skipIf(noNfs !== undefined)(named("NFS with high ports", noNfs), () => {
  /** `secure` and `insecure` of the kernel's server are this one's PrivilegedPort. */
  test.each([
    { exported: "secure", isSecure: true, answer: "getattr: denied, AUTH error 5" },
    { exported: "insecure", isSecure: false, answer: "getattr: status 0" },
  ])(
    "an export that is $exported, asked from a high port: $answer; and showmount is served",
    async ({ isSecure, answer }) => {
      const configuration = `NFS_CORE_PARAM { Protocols = 3; Enable_NLM = false; Enable_RQUOTA = false; }
EXPORT { Export_Id = 1; Path = /srv; Pseudo = /srv; Protocols = 3; Access_Type = RO; PrivilegedPort = ${isSecure};
  FSAL { Name = VFS; } }
`;
      const script = `mkdir -p /run/ganesha /var/lib/nfs/ganesha
"$PIDEXEC" --pid 700 -- ganesha.nfsd -F -f /etc/ganesha.conf -L "$SCRATCH/log" -N EVENT 2>/dev/null &
until_works registered 100005
until_works grep -q 'NFS SERVER INITIALIZED' "$SCRATCH/log"
mountd=$(rpcinfo -p 127.0.0.1 | awk '$1 == 100005 && $2 == 3 && $3 == "tcp" { print $4; exit }')
${twice(`LD_PRELOAD=$LIBRARY "$CLIENT" "$mountd" /srv
LD_PRELOAD=$LIBRARY showmount -e 127.0.0.1
`)}`;
      const { stdout } = await playRpc("nothing", script, {
        etc: { "ganesha.conf": configuration },
        environment: { HIGH, CLIENT: compileC("test/daemons/nfs-client.c") },
      });
      const client = (port: string, said: string): string =>
        lines(`from a ${port} port`, "mount: status 0", `from a ${port} port`, said) +
        lines("Export list for 127.0.0.1:", "/srv (everyone)");
      expect(stdout).toBe(
        `with \n${client("privileged", "getattr: status 0")}with libportreserve-high.so\n${client("high", answer)}`,
      );
    },
  );
});
