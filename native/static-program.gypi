# How a program in C is built that needs no other file. gyp links with g++: libstdc++ must not come along.
{
  "includes": ["plain-c.gypi"],
  "type": "executable",
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
