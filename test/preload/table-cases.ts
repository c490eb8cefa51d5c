// What happens to the shim's table under a running program, case by case, each with its control.
import { native } from "../../src/core/native.ts";
import { tableOf } from "../support/sandbox.ts";

/** A table with its own ports per protocol, for tests where the two differ or the generation counts. */
function tableWith(tcp: readonly number[], udp: readonly number[], generation = 2n): Uint8Array {
  return native().encodeTable({ generation, digest: new Uint8Array(32), tcp, udp });
}

export const path = "/etc/portreserve.table";
const retire = `sh:dd if=/etc/retired.mark of=${path} bs=8 seek=509 conv=notrunc status=none`;
const replace = `sh:mv /etc/next.table ${path}`;

export interface Case {
  readonly does: string;
  readonly symbol?: string;
  readonly steps: readonly string[];
  /** Files of the private /etc; the table reserves 631 for both protocols unless one is given here. */
  readonly etc?: Record<string, string | Uint8Array>;
  /** Run before the steps, as sh(1). */
  readonly before?: string;
  readonly shim: string;
  /** The same steps without the shim: what the shim prevents, or where `control` equals `shim`, that it steps aside. */
  readonly control: string;
}

const noTable = { shim: "631@0.0.0.0 sin=631", control: "631@0.0.0.0 sin=631", steps: ["udp", "any"] };

export const cases: readonly Case[] = [
  {
    does: "steps over a reserved port",
    steps: ["udp", "any", "tcp", "any"],
    shim: "632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  {
    does: "never hands a reserved port out as the last resort",
    steps: ["udp", "fill"],
    etc: { "portreserve.table": tableOf(631, 632, 700, 512, 1023) },
    shim: "633-699,701-1022,600-630,527-599,513-526 then EADDRINUSE",
    control: "631-1023,600-630,527-599,512-526 then EADDRINUSE",
  },
  {
    does: "counts down past reserved ports",
    symbol: "rresvport_af",
    steps: ["downfill:633"],
    shim: "633-632,630-512,1023-634 then EAGAIN alport=634",
    control: "633-512,1023-634 then EAGAIN alport=634",
  },
  {
    does: "hands a port reserved for TCP out for UDP, and the other way round",
    steps: ["udp", "any", "tcp", "any", "udp", "any"],
    etc: { "portreserve.table": tableWith([631, 633], [632, 634]) },
    shim: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  },
  {
    does: "keeps a port reserved for TCP from TCP",
    steps: ["tcp", "any", "tcp", "any"],
    etc: { "portreserve.table": tableWith([631, 633], [632, 634]) },
    shim: "632@0.0.0.0 sin=632 | 634@0.0.0.0 sin=634",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  {
    does: "takes an IPv4 reservation for an IPv6 one",
    steps: ["udp6", "any6", "tcp6", "any6"],
    shim: "632@:: sin=632 | 633@:: sin=633",
    control: "EAFNOSUPPORT sin=0 | EAFNOSUPPORT sin=0",
  },
  {
    does: "ignores a reserved port left in the address by a caller of bindresvport",
    steps: ["udp", "any:834", "udp", "any:835"],
    etc: { "portreserve.table": tableOf(631, 834) },
    shim: "632@0.0.0.0 sin=632 | 835@0.0.0.0 sin=835",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  {
    does: "sees a new table at the next call once the old one is retired",
    steps: ["udp", "any", retire, replace, "udp", "any", "udp", "any:700"],
    etc: { "next.table": tableWith([633, 700], [633, 700]) },
    shim: "632@0.0.0.0 sin=632 | 634@0.0.0.0 sin=634 | 635@0.0.0.0 sin=635",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  },
  {
    does: "sees three tables in a row",
    steps: [
      "udp",
      "any",
      retire,
      replace,
      "udp",
      "any",
      retire,
      "sh:mv /etc/third.table /etc/portreserve.table",
      "udp",
      "any",
    ],
    etc: { "next.table": tableWith([633], [633]), "third.table": tableWith([635], [635], 3n) },
    shim: "632@0.0.0.0 sin=632 | 634@0.0.0.0 sin=634 | 636@0.0.0.0 sin=636",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  },
  {
    does: "goes by the retired table while its writer is between its two steps",
    steps: ["udp", "any", "sh:true", retire, "udp", "any:631", "udp", "any"],
    shim: "632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633 | 634@0.0.0.0 sin=634",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  },
  {
    does: "forgets the table once it was retired and removed",
    steps: ["udp", "any", retire, `sh:rm ${path}`, "udp", "any:631"],
    shim: "632@0.0.0.0 sin=632 | 631@0.0.0.0 sin=631",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  {
    does: "survives the truncation of the mapped file, reserving nothing, and goes on when its content is back",
    steps: [
      "udp",
      "any",
      `sh:cp ${path} /etc/kept; : > ${path}`,
      "udp",
      "any:631",
      `sh:cat /etc/kept > ${path}`,
      "tcp",
      "any:631",
    ],
    shim: "632@0.0.0.0 sin=632 | 631@0.0.0.0 sin=631 | 633@0.0.0.0 sin=633",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  },
  {
    does: "notices the truncation when it binds a port that was not reserved",
    steps: ["udp", "any", `sh:: > ${path}`, "udp", "any", "udp", "any:631"],
    shim: "632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633 | 631@0.0.0.0 sin=631",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  },
  {
    does: "notices a new table when it binds a port that the old one did not reserve",
    steps: ["udp", "any", retire, replace, "udp", "any"],
    etc: { "next.table": tableWith([633], [633]) },
    shim: "632@0.0.0.0 sin=632 | 634@0.0.0.0 sin=634",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  {
    does: "takes a port reserved for one protocol for reserved when the socket speaks neither",
    steps: ["mptcp", "any", "mptcp", "any"],
    etc: { "portreserve.table": tableWith([631, 634], [632]) },
    shim: "633@0.0.0.0 sin=633 | 635@0.0.0.0 sin=635",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  {
    does: "reserves nothing while the mapped file is overwritten in place",
    steps: ["udp", "any", `sh:head -c 4096 /dev/zero | dd of=${path} conv=notrunc status=none`, "udp", "any:631"],
    shim: "632@0.0.0.0 sin=632 | 631@0.0.0.0 sin=631",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  {
    does: "reads the table on each call where it cannot be mapped",
    steps: ["udp", "noroom", "any"],
    shim: "632@0.0.0.0 sin=632",
    control: "631@0.0.0.0 sin=631",
  },
  {
    does: "reads the table on each call where no file may be mapped, and uses up nothing",
    steps: ["nomap", "udp", "any", "repeat:1000", "udp", "any:631"],
    shim: "632@0.0.0.0 sin=632 | 1000 calls, 0 failed, address space kept | 789@0.0.0.0 sin=789",
    control: "631@0.0.0.0 sin=631 | 1000 calls, 0 failed, address space kept | 786@0.0.0.0 sin=786",
  },
  {
    does: "obeys a newer table though it may not be mapped over the older one",
    steps: ["udp", "any", "nomap", "newtable", "udp", "any", "udp", "any"],
    etc: { "next.table": tableWith([633], [633]) },
    shim: "632@0.0.0.0 sin=632 | 634@0.0.0.0 sin=634 | 635@0.0.0.0 sin=635",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  },
  {
    does: "goes by the mapped table when no descriptor is free for the new one",
    steps: ["udp", "any", retire, replace, "udp", "nofiles", "any:631"],
    etc: { "next.table": tableWith([700], [700]) },
    shim: "632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
    control: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632",
  },
  { does: "without a table is libc", before: `rm ${path}`, ...noTable },
  { does: "with an empty table file is libc", before: `: > ${path}`, ...noTable },
  { does: "with a table that is a byte short is libc", before: `truncate -s 4095 ${path}`, ...noTable },
  { does: "with a table that is a byte long is libc", before: `truncate -s 4097 ${path}`, ...noTable },
  { does: "with a folder for a table is libc", before: `rm ${path}; mkdir ${path}`, ...noTable },
  { does: "with a FIFO for a table is libc, and does not wait", before: `rm ${path}; mkfifo ${path}`, ...noTable },
  { does: "with a device for a table is libc", before: `ln -sf /dev/zero ${path}`, ...noTable },
  {
    does: "with a symbolic link to itself for a table is libc",
    before: `rm ${path}; ln -s ${path} ${path}`,
    ...noTable,
  },
  {
    does: "follows a symbolic link to a table",
    before: `mv ${path} /etc/elsewhere; ln -s elsewhere ${path}`,
    steps: ["udp", "any"],
    shim: "632@0.0.0.0 sin=632",
    control: "631@0.0.0.0 sin=631",
  },
];
