# How a program in C is built, for whichever ABI. gyp links with g++: libstdc++ must not come along.
{
  "includes": ["plain-c.gypi"],
  "type": "executable",
  "sources": ["probe/start.c"],
  "cflags_c": ["-O2", "-fPIE"],
  "ldflags": ["-pie", "-nodefaultlibs", "-Wl,--wrap=__libc_start_main", "-Wl,-z,relro", "-Wl,-z,now"],
  "libraries": ["-lc", "-lgcc"]
}
