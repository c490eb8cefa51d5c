# The library for owners that do not set SO_REUSEADDR themselves.
{
  "includes": ["preloaded.gypi"],
  "sources": ["preload/reservations.c", "share/share.c", "table/lookup.c", "table/view.c"],
  "ldflags": ["-Wl,--version-script=../native/share/exports.map"]
}
