// The attribute by which a file gives capabilities: which of them lets anybody's program take a privileged port.
import { expect, test } from "vitest";
import { givesPrivilegedPorts } from "../../src/observe/programs/file-capabilities.ts";

/** As setcap(8) of libcap 2.66 writes it. */
const BIND_EP = "01000002 00040000 00000000 00000000 00000000";
const BIND_P = "00000002 00040000 00000000 00000000 00000000";
const BIND_I = "00000002 00000000 00040000 00000000 00000000";
const RAW_EP = "01000002 00200000 00000000 00000000 00000000";
const ALL_EP = "01000002 ffffffff 00000000 ff010000 00000000";

test.each<[string, string, boolean]>([
  ["cap_net_bind_service+ep", BIND_EP, true],
  ["cap_net_bind_service+p, which the program must ask for", BIND_P, true],
  ["cap_net_bind_service+i, for whom has it already", BIND_I, false],
  ["cap_net_raw+ep", RAW_EP, false],
  ["all of them", ALL_EP, true],
  ["revision 1, of 32 bits", "01000001 00040000 00000000", true],
  ["revision 3, of another user namespace", "01000003 00040000 00000000 00000000 00000000 e8030000", false],
  ["a revision that is not known", "01000004 00040000 00000000 00000000 00000000", false],
  ["too little", "01000002 000400", false],
  ["nothing", "", false],
])("%s: %s: %s", (_, hex, expected) => {
  const padded = Buffer.from(`ff${hex.replaceAll(" ", "")}`, "hex");
  expect(givesPrivilegedPorts(undefined)).toBe(false);
  expect(givesPrivilegedPorts(padded.subarray(1))).toBe(expected);
});
