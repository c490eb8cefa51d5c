// Short-lived RPC clients: they hold a privileged port for a moment, and its TCP remains for a minute.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { COVERS, type Cover } from "../support/sandbox.ts";
import { playNis, playRpc } from "./rpc.ts";

/** Runs a client under strace, and shows what it printed and then each privileged port it bound. */
const watched = (command: string): string => `covered strace -f -qq -e trace=bind -e signal=none -o "$SCRATCH/trace" \\
  "$PIDEXEC" --pid "$THIEF" -- ${command}
sed -n 's/^[0-9]* *bind(.*htons(\\([0-9]*\\)).* = 0$/bound \\1/p' "$SCRATCH/trace"
`;

const NFS = `mkdir -p /run/ganesha /var/lib/nfs/ganesha
"$PIDEXEC" --pid 700 -- ganesha.nfsd -F -f /etc/ganesha.conf -L "$SCRATCH/log" -N EVENT 2>/dev/null &
until_works registered 100005
`;
const etc = {
  "ganesha.conf": `NFS_CORE_PARAM { Protocols = 3; Enable_NLM = false; Enable_RQUOTA = false; }
EXPORT { Export_Id = 1; Path = /srv; Pseudo = /srv; Protocols = 3; Access_Type = RO; FSAL { Name = VFS; } }
`,
};

const NIS = `"$PIDEXEC" --pid 700 -- ypserv -f &
until_works registered 100004
"$PIDEXEC" --pid 800 -- ypbind -n &
until_works ypwhich
`;

const cases = [
  {
    name: "rpcinfo",
    run: (cover: Cover) => playRpc(cover, watched("rpcinfo -T udp 127.0.0.1 100000 4")),
    prints: "program 100000 version 4 ready and waiting\n",
  },
  {
    name: "showmount",
    run: (cover: Cover) => playRpc(cover, NFS + watched("showmount -e 127.0.0.1"), { etc }),
    prints: "Export list for 127.0.0.1:\n/srv (everyone)\n",
  },
  {
    name: "ypcat",
    run: (cover: Cover) => playNis(cover, NIS + watched("ypcat passwd.byname")),
    prints: "kim:x:1001:1001:Kim:/home/kim:/bin/sh\n",
  },
];

const reason = skipReason(
  "root",
  "strace",
  { program: "rpcbind", package: "rpcbind" },
  { program: "ypserv", package: "ypserv" },
  { program: "ypbind", package: "ypbind-mt" },
  { program: "ypwhich", package: "yp-tools" },
  { program: "ganesha.nfsd", package: "nfs-ganesha" },
  { program: "showmount", package: "nfs-common" },
);

describe.skipIf(reason !== undefined)(named("short-lived clients", reason), () => {
  describe.each(cases)("$name", ({ run, prints }) => {
    const result = async (cover: Cover): Promise<{ printed: string; bound: number[] }> => {
      const lines = (await run(cover)).stdout.split(/(?<=\n)/);
      const bound = lines.filter((line) => line.startsWith("bound ")).map((line) => Number(line.slice(6)));
      return { printed: lines.filter((line) => !line.startsWith("bound ")).join(""), bound };
    };

    test("without the shim takes 631 on its way", async () => {
      const { printed, bound } = await result("nothing");
      expect(printed).toBe(prints);
      expect(bound).toContain(631);
    });

    test.each(COVERS)(
      "with the shim through %s takes other privileged ports, and gets the same answer",
      async (cover) => {
        const { printed, bound } = await result(cover);
        expect(printed).toBe(prints);
        expect(bound.length).toBeGreaterThan(0);
        expect(bound.filter((port) => port < 632 || port > 1023)).toEqual([]);
      },
    );
  });
});
