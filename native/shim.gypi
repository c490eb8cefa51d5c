# The shim, for whichever ABI.
{
  "includes": ["preloaded.gypi"],
  "sources": [
    "preload/bindresvport.c",
    "preload/reservations.c",
    "preload/rresvport.c",
    "preload/search.c",
    "table/lookup.c",
    "table/view.c"
  ],
  "ldflags": ["-Wl,--version-script=../native/preload/exports.map"]
}
