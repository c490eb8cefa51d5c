// The native parts of a package for one processor, beside those for its 32-bit programs: what tests lay out by hand.

export const NATIVE_PARTS: readonly string[] = [
  "portreserve.node",
  "libportreserve.so",
  "libportreserve-high.so",
  "libportreserve-share.so",
  "portreserve-probe",
  "portreserve-probe-static",
  "portreserve-pidexec",
  "portreserve-hold",
];
