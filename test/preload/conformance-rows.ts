// What the allocators do, row by row: glibc's, libtirpc's and libgssrpc's as observed, the shim's as it must be.

type GssrpcSymbol = "gssrpc_bindresvport" | "gssrpc_bindresvport_sa";

export interface Row {
  readonly does: string;
  readonly symbol: "bindresvport" | "bindresvport_sa" | "rresvport" | "rresvport_af" | GssrpcSymbol;
  /** Steps for test/preload/allocator.c, run as process 21231, so that the first candidate is 631. */
  readonly steps: string;
  /** What the steps print with each implementation; undefined where it has no such function. */
  readonly glibc: string | undefined;
  readonly libtirpc: string | undefined;
  readonly libgssrpc?: string;
  readonly shim: string;
  /** Why the shim differs from the function that it stands for (glibc's, libtirpc's bindresvport_sa, or libgssrpc's). */
  readonly because?: string;
}

/** Rows that bindresvport and bindresvport_sa share: the results in the order glibc, libtirpc, shim. */
function both(
  does: string,
  steps: string,
  results: readonly [glibc: string, libtirpc: string, shim: string, shimSa?: string],
  because: { readonly bindresvport?: string; readonly bindresvport_sa?: string } = {},
): Row[] {
  const [glibc, libtirpc, shim, shimSa = shim] = results;
  const reason = (symbol: "bindresvport" | "bindresvport_sa") =>
    because[symbol] === undefined ? {} : { because: because[symbol] };
  return [
    { does, symbol: "bindresvport", steps, glibc, libtirpc, shim, ...reason("bindresvport") },
    { does, symbol: "bindresvport_sa", steps, glibc: undefined, libtirpc, shim: shimSa, ...reason("bindresvport_sa") },
  ];
}

function same(does: string, steps: string, result: string): Row[] {
  return both(does, steps, [result, result, result]);
}

function down(does: string, symbol: "rresvport" | "rresvport_af", steps: string, result: string): Row {
  return { does, symbol, steps, glibc: result, libtirpc: undefined, shim: result };
}

/** Rows that libgssrpc's two functions share. */
function gssrpc(does: string, steps: string, libgssrpc: string, shim = libgssrpc, because?: string): Row[] {
  return (["gssrpc_bindresvport", "gssrpc_bindresvport_sa"] as const).map((symbol) => ({
    ...{ does, symbol, steps, glibc: undefined, libtirpc: undefined, libgssrpc, shim },
    ...(because === undefined ? {} : { because }),
  }));
}

const v6 = "both protocols of IPv6 are served where glibc's function knows IPv4 only";
const request = "a caller's port in 512..1023 may be a request (libtirpc's reading) and is honoured unless reserved";
const cursor = "after a busy port the scan goes on at the cursor, not behind the port asked for";
const restart = "one cursor serves all calls where libtirpc starts at 600 + pid % 424 again each time";

export const rows: readonly Row[] = [
  ...same("starts at 600 + pid % 424", "udp any", "631@0.0.0.0 sin=631"),
  ...same(
    "goes up from there",
    "udp any udp any tcp any",
    "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 633@0.0.0.0 sin=633",
  )
    .map((row) => ({ ...row, libtirpc: "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632 | 631@0.0.0.0 sin=631" }))
    .map((row) => (row.symbol === "bindresvport_sa" ? { ...row, because: restart } : row)),
  ...same("steps over busy ports", "busy:631 busy:632 udp any", "633@0.0.0.0 sin=633"),
  ...both(
    "wraps at 1023, then takes 512 to 599, then fails with EADDRINUSE and the last port tried",
    "udp fill udp any",
    [
      "631-1023,600-630,527-599,512-526 then EADDRINUSE | EADDRINUSE sin=526",
      "631-1023,600-630,527,512-526,528-599 then EADDRINUSE | EADDRINUSE sin=630",
      "631-1023,600-630,527-599,512-526 then EADDRINUSE | EADDRINUSE sin=526",
    ],
    { bindresvport_sa: restart },
  ),
  ...both(
    "fills TCP in the same order",
    "tcp fill",
    [
      "631-1023,600-630,527-599,512-526 then EADDRINUSE",
      "631-1023,600-630,527,512-526,528-599 then EADDRINUSE",
      "631-1023,600-630,527-599,512-526 then EADDRINUSE",
    ],
    { bindresvport_sa: restart },
  ),
  ...both(
    "once all was full, finds what became free anywhere in 512 to 1023",
    "udp fill again:1000 again:520 udp any udp any",
    [
      "631-1023,600-630,527-599,512-526 then EADDRINUSE | 1000@0.0.0.0 sin=1000 | 520@0.0.0.0 sin=520",
      "631-1023,600-630,527,512-526,528-599 then EADDRINUSE | 1000@0.0.0.0 sin=1000 | 520@0.0.0.0 sin=520",
      "631-1023,600-630,527-599,512-526 then EADDRINUSE | 1000@0.0.0.0 sin=1000 | 520@0.0.0.0 sin=520",
    ],
    { bindresvport_sa: restart },
  ),
  ...same("without an address binds an IPv4 socket to the wildcard", "udp null", "631@0.0.0.0"),
  ...both(
    "without an address binds an IPv6 socket to its own wildcard",
    "tcp6 null udp6 null",
    ["EINVAL | EINVAL", "631@:: | 631@::", "631@:: | 632@::"],
    { bindresvport: v6, bindresvport_sa: restart },
  ),
  ...both("takes an IPv6 address", "udp6 any6", ["EAFNOSUPPORT sin=0", "631@:: sin=631", "631@:: sin=631"], {
    bindresvport: v6,
  }),
  ...same("keeps the caller's address", "udp loopback", "631@127.0.0.1 sin=631"),
  ...same("refuses an IPv4 address for an IPv6 socket as the kernel does", "udp6 any", "EINVAL sin=631"),
  ...both(
    "given a free port above 511",
    "udp any:700",
    ["631@0.0.0.0 sin=631", "700@0.0.0.0 sin=700", "700@0.0.0.0 sin=700"],
    { bindresvport: request },
  ),
  ...both(
    "given a free port of the low range",
    "udp any:520",
    ["631@0.0.0.0 sin=631", "520@0.0.0.0 sin=520", "520@0.0.0.0 sin=520"],
    { bindresvport: request },
  ),
  ...both(
    "given the last port",
    "udp any:1023",
    ["631@0.0.0.0 sin=631", "1023@0.0.0.0 sin=1023", "1023@0.0.0.0 sin=1023"],
    {
      bindresvport: request,
    },
  ),
  ...both(
    "given a busy port",
    "udp busy:700 any:700",
    ["631@0.0.0.0 sin=631", "701@0.0.0.0 sin=701", "631@0.0.0.0 sin=631"],
    { bindresvport_sa: cursor },
  ),
  ...both("given a port below 512", "udp any:300", [
    "631@0.0.0.0 sin=631",
    "300@0.0.0.0 sin=300",
    "631@0.0.0.0 sin=631",
    "300@0.0.0.0 sin=300",
  ]),
  ...both("given a port above 1023", "udp any:2049", [
    "631@0.0.0.0 sin=631",
    "2049@0.0.0.0 sin=2049",
    "631@0.0.0.0 sin=631",
    "2049@0.0.0.0 sin=2049",
  ]),
  ...both(
    "given a busy port above 1023",
    "udp busy:2049 any:2049",
    ["631@0.0.0.0 sin=631", "600@0.0.0.0 sin=600", "631@0.0.0.0 sin=631"],
    { bindresvport_sa: cursor },
  ),
  ...both("refuses another family and leaves the address as it was", "udp unixaddress", [
    "EAFNOSUPPORT",
    "EPFNOSUPPORT",
    "EAFNOSUPPORT",
    "EPFNOSUPPORT",
  ]),
  ...both(
    "without an address refuses a socket of another family",
    "unix null",
    ["EINVAL", "EPFNOSUPPORT", "EAFNOSUPPORT", "EPFNOSUPPORT"],
    { bindresvport: "the socket is asked for its family, and the answer is the one for a wrong family" },
  ),
  ...same("stops at EBADF", "none any none null", "EBADF sin=631 | EBADF"),
  ...same("stops at ENOTSOCK", "file any file null", "ENOTSOCK sin=631 | ENOTSOCK"),
  ...same("stops at EINVAL for a socket that is bound already", "udp bound:5000 any null", "EINVAL sin=631 | EINVAL"),
  ...same("stops at EADDRNOTAVAIL", "udp elsewhere", "EADDRNOTAVAIL sin=631"),
  ...same("stops at EACCES without CAP_NET_BIND_SERVICE", "nocap udp any udp null", "EACCES sin=631 | EACCES"),
  down(
    "counts down from the port given",
    "rresvport",
    "down:1023 down:600",
    "1023@0.0.0.0 | alport=1023 | 600@0.0.0.0 | alport=600",
  ),
  down("steps down over busy ports", "rresvport", "busy:700 down:700", "699@0.0.0.0 | alport=699"),
  down(
    "clamps the port given to 512 and 1023",
    "rresvport",
    "down:5 down:9999",
    "512@0.0.0.0 | alport=512 | 1023@0.0.0.0 | alport=1023",
  ),
  down("clamps a negative port", "rresvport_af", "down:-3", "512@0.0.0.0 | alport=512"),
  down("wraps from 512 to 1023", "rresvport_af", "busy:512 down:512", "1023@0.0.0.0 | alport=1023"),
  down("serves IPv6", "rresvport_af", "down6:700", "700@:: | alport=700"),
  down("refuses another family", "rresvport_af", "downunix:700", "EAFNOSUPPORT | alport=700"),
  down("closes its socket on EACCES", "rresvport_af", "nocap down:700", "EACCES | alport=700"),
  down(
    "fails with EAGAIN when all is full, *alport where it began",
    "rresvport_af",
    "downfill:700",
    "700-512,1023-701 then EAGAIN alport=701",
  ),
  ...gssrpc("starts at 600 + pid % 424", "udp any udp any", "631@0.0.0.0 sin=631 | 632@0.0.0.0 sin=632"),
  ...gssrpc("steps over busy ports", "busy:631 busy:632 udp any", "633@0.0.0.0 sin=633"),
  ...gssrpc("without an address binds an IPv4 socket to the wildcard", "udp null", "631@0.0.0.0"),
  ...gssrpc("without an address binds an IPv6 socket to its own wildcard", "tcp6 null udp6 null", "631@:: | 632@::"),
  ...gssrpc("takes an IPv6 address", "udp6 any6", "631@:: sin=631"),
  ...gssrpc("given a free port above 511", "udp any:700", "631@0.0.0.0 sin=631", "700@0.0.0.0 sin=700", request),
  ...gssrpc("given a port below 512", "udp any:300", "631@0.0.0.0 sin=631"),
  ...gssrpc("given a port above 1023", "udp any:2049", "631@0.0.0.0 sin=631"),
  ...gssrpc("given a busy port", "udp busy:700 any:700", "631@0.0.0.0 sin=631"),
  ...gssrpc("refuses another family and leaves the address as it was", "udp unixaddress", "EPFNOSUPPORT"),
  ...gssrpc("stops at EACCES without CAP_NET_BIND_SERVICE", "nocap udp any udp null", "EACCES sin=631 | EACCES"),
];
