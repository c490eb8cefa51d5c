// Addresses of the kernel's tables as people write them.
import type { SocketFamily } from "./row.ts";

/**
 * `hex`: 8 or 32 digits, each 32-bit word printed as the number that this machine sees in it; all Node runs on here is
 * little-endian. The text is that of inet_ntop(3): "0.0.0.0", "::1", "::ffff:192.0.2.1".
 */
export function addressText(hex: string, family: SocketFamily): string {
  const bytes = [...hex.matchAll(/.{8}/g)].flatMap(([word]) =>
    [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16)),
  );
  return family === "inet" ? bytes.join(".") : inet6Text(bytes);
}

function inet6Text(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0));
  const gap = longestGap(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (gap.length < 2) return hex(groups);
  const head = hex(groups.slice(0, gap.start));
  if (gap.start === 0 && (gap.length === 6 || (gap.length === 5 && groups[5] === 0xffff))) {
    return `::${gap.length === 6 ? "" : "ffff:"}${bytes.slice(12).join(".")}`;
  }
  return `${head}::${hex(groups.slice(gap.start + gap.length))}`;
}

/** The first of the longest runs of zeros. */
function longestGap(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
