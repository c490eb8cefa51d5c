# What ships: the addon, the shim, its twin that gives high ports, the library for owners that do not share, and the probe
# (these four for i386 too where the compiler can), the holder, the thief that no preload reaches, and the sandbox's pid helper.
{
  "targets": [
    {
      "target_name": "table",
      "type": "static_library",
      "includes": ["native/plain-c.gypi"],
      "sources": ["native/table/build.c", "native/table/lookup.c", "native/table/view.c"],
      "cflags_c": ["-O2", "-fPIC"]
    },
    {
      "target_name": "portreserve",
      "dependencies": ["table"],
      "sources": ["native/addon/addon.cc", "native/addon/ahead.cc", "native/addon/attributes.cc", "native/addon/end-socket.cc", "native/addon/files.cc", "native/addon/other-sockets.cc", "native/addon/processes.cc", "native/addon/programs.cc", "native/addon/reading.cc", "native/addon/sock-diag.cc", "native/addon/sockets.cc", "native/addon/system.cc", "native/addon/table.cc"],
      "include_dirs": ["<!@(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL"],
      "cflags_cc!": ["-fno-exceptions", "-fno-strict-aliasing"],
      "cflags_cc": ["-std=gnu++17", "-fexceptions", "-fvisibility=hidden", "-Werror"],
      # Of Node's own flags those that differ between its versions are left out, or each would build other bytes.
      "cflags_cc/": [["exclude", "^-std="], ["include", "^-std=gnu\\+\\+17$"]],
      "ldflags": ["-Wl,-z,relro", "-Wl,-z,now"]
    },
    {
      "target_name": "preload",
      "includes": ["native/shim.gypi"],
      "product_name": "portreserve"
    },
    {
      "target_name": "portreserve-probe",
      "includes": ["native/probe.gypi"]
    },
    {
      "target_name": "high",
      "includes": ["native/high.gypi"],
      "product_name": "portreserve-high"
    },
    {
      "target_name": "share",
      "includes": ["native/share.gypi"],
      "product_name": "portreserve-share"
    },
    {
      "target_name": "portreserve-hold",
      "includes": ["native/hold.gypi"]
    },
    {
      "target_name": "portreserve-probe-static",
      "includes": ["native/static-program.gypi"],
      "sources": ["native/probe/static.c"]
    },
    {
      "target_name": "portreserve-pidexec",
      "includes": ["native/program.gypi"],
      "sources": ["native/probe/pidexec.c"]
    }
  ],
  "conditions": [
    ["target_arch=='x64' and '<!(sh scripts/can-build-i386.sh)'=='1'", {
      "targets": [
        {
          "target_name": "preload-i386",
          "includes": ["native/shim.gypi"],
          "product_name": "portreserve-i386",
          "cflags!": ["-m64"],
          "ldflags!": ["-m64"],
          "cflags_c": ["-m32"],
          "ldflags": ["-m32"]
        },
        {
          "target_name": "high-i386",
          "includes": ["native/high.gypi"],
          "product_name": "portreserve-high-i386",
          "cflags!": ["-m64"],
          "ldflags!": ["-m64"],
          "cflags_c": ["-m32"],
          "ldflags": ["-m32"]
        },
        {
          "target_name": "share-i386",
          "includes": ["native/share.gypi"],
          "product_name": "portreserve-share-i386",
          "cflags!": ["-m64"],
          "ldflags!": ["-m64"],
          "cflags_c": ["-m32"],
          "ldflags": ["-m32"]
        },
        {
          "target_name": "portreserve-probe-i386",
          "includes": ["native/probe.gypi"],
          "cflags!": ["-m64"],
          "ldflags!": ["-m64"],
          "cflags_c": ["-m32"],
          "ldflags": ["-m32"]
        }
      ]
    }]
  ]
}
