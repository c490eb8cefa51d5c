# How a library is built that is loaded into other people's programs, for whichever ABI. gyp links with g++ and Node's own
# flags: left in, they would make every such program load libstdc++. -Os with -flto and no spare entries keep the file below
# two pages, with CET (on arm64: BTI and PAC): a library without it takes it from every program that loads it.
{
  "includes": ["plain-c.gypi"],
  "type": "shared_library",
  "product_prefix": "lib",
  "product_extension": "so",
  "cflags_c": [
    "-Os",
    "-flto",
    "-fPIC",
    "-fvisibility=hidden",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-plt",
    "-fno-expensive-optimizations",
    "-fno-move-loop-invariants",
    "-fno-tree-loop-im",
    "-fno-ivopts",
    "-fno-tree-loop-optimize",
    "-fno-thread-jumps",
    "-fno-inline-functions-called-once",
    "-fno-asynchronous-unwind-tables",
    "-fno-stack-protector",
    "-fstack-clash-protection"
  ],
  "ldflags": [
    "-Os",
    "-flto",
    "-nostdlib",
    "-s",
    "-Wl,--build-id=none",
    "-Wl,--spare-dynamic-tags=0",
    "-Wl,--gc-sections",
    "-Wl,--hash-style=gnu",
    "-Wl,-z,relro",
    "-Wl,-z,now",
    "-Wl,-z,noexecstack",
    "-Wl,-z,defs",
    "-Wl,-z,nodelete",
    "-Wl,-z,noseparate-code"
  ],
  "libraries": ["-lc", "-lgcc"],
  "conditions": [
    ["target_arch=='x64' or target_arch=='ia32'", { "cflags_c": ["-fcf-protection=full", "-malign-data=abi"] }],
    ["target_arch=='arm64'", { "cflags_c": ["-mno-outline-atomics", "-mbranch-protection=standard"] }]
  ]
}
