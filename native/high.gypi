# The library for services that need no privileged port, for whichever ABI.
{
  "includes": ["preloaded.gypi"],
  "sources": ["high/high.c"],
  "ldflags": ["-Wl,--version-script=../native/high/exports.map"]
}
