# The holder: one static file, since it runs before anything else does and has to go on whatever happens to libraries. gyp
# links with g++: libstdc++ must not come along.
{
  "includes": ["plain-c.gypi"],
  "type": "executable",
  "sources": [
    "hold/file.c",
    "hold/filter.c",
    "hold/holds.c",
    "hold/listening.c",
    "hold/main.c",
    "hold/notify.c",
    "hold/options.c",
    "hold/parse.c",
    "hold/privileges.c",
    "hold/state.c",
    "hold/store.c",
    "hold/take.c",
    "hold/text.c"
  ],
  "cflags_c": ["-Os", "-fPIE", "-ffunction-sections", "-fstack-protector-strong", "-fstack-clash-protection", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"],
  "ldflags": [
    "-static-pie",
    "-nodefaultlibs",
    "-Wl,--build-id=none",
    "-Wl,--gc-sections",
    "-Wl,-z,relro",
    "-Wl,-z,now",
    "-Wl,-z,noexecstack"
  ],
  "libraries": ["-Wl,--start-group", "-lc", "-lgcc", "-lgcc_eh", "-Wl,--end-group"],
  "conditions": [
    ["target_arch=='x64'", { "cflags_c": ["-fcf-protection=full"] }],
    ["target_arch=='arm64'", { "cflags_c": ["-mbranch-protection=standard"] }]
  ]
}
