// What the tests of RPC daemons share: a port mapper, waiting for a program's registration, and asking it whether it serves.
import { type Cover, type Play, type Played, play } from "../support/sandbox.ts";

const RPC = `rpcbind
until_works test -S /run/rpcbind.sock
# Daemons open and register one transport after the other, TCP over IPv6 last.
# rpcinfo without a host asks through rpcbind's local socket, so that looking takes no port.
registered() { rpcinfo | awk -v program="$1" '$1 == program && $3 == "tcp6" { found = 1 } END { exit !found }'; }
# The privileged sockets of the process under test.
privileged() { sockets "$THIEF" | awk -F: '$NF < 1024'; }
`;

/** Plays a script with rpcbind running and private /run, /var/lib/nfs and /var/yp. */
export function playRpc(
  cover: Cover,
  script: string,
  more: Omit<Play, "cover"> = {},
  folders: readonly string[] = ["/var/lib/nfs"],
): Promise<Played> {
  return play(RPC + script, { cover, empty: ["/run"], overlays: folders, ...more });
}

/** What a domain and its client need. */
export const NIS_NEEDS = [
  "root",
  { program: "rpcbind", package: "rpcbind" },
  { program: "ypserv", package: "ypserv" },
  { program: "ypbind", package: "ypbind-mt" },
  { program: "ypwhich", package: "yp-tools" },
  { program: "ss", package: "iproute2" },
] as const;

/** A NIS domain with one user, served from a private /var/yp. */
const DOMAIN = `domainname example
mkdir /var/yp/example
touch /var/yp/nicknames
echo 'kim kim:x:1001:1001:Kim:/home/kim:/bin/sh' > "$SCRATCH/passwd"
/usr/lib/yp/makedbm -o example -m localhost "$SCRATCH/passwd" /var/yp/example/passwd.byname
`;

/** As `playRpc`, with the domain's files in a private /var/yp; nothing serves them yet. */
export function playNis(
  cover: Cover,
  script: string,
  reserved?: readonly number[],
  environment: NonNullable<Play["environment"]> = {},
): Promise<Played> {
  const etc = { "yp.conf": "domain example server 127.0.0.1\n" };
  return playRpc(cover, DOMAIN + script, { etc, environment, ...(reserved ? { reserved } : {}) }, ["/var/yp"]);
}
