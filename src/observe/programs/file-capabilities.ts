// The attribute security.capability: what a file gives to the programs that are run from it (linux/capability.h).
import { NET_BIND_SERVICE } from "../processes/status.ts";

/** Revisions 1 and 2. Of revision 3 one that speaks for this user namespace is shown as 2; others give nothing here. */
const REVISIONS = [0x01, 0x02];

/**
 * Whether a program run from a file with this attribute may take privileged ports, at once or once it asks for what it is
 * permitted. One that gets the right only if its caller has it already is none.
 */
export function givesPrivilegedPorts(attribute: Uint8Array | undefined): boolean {
  if (attribute === undefined || attribute.length < 8 || !REVISIONS.includes(attribute[3] as number)) return false;
  const permitted = new DataView(attribute.buffer, attribute.byteOffset, attribute.length).getUint32(4, true);
  return (BigInt(permitted) & NET_BIND_SERVICE) !== 0n;
}
