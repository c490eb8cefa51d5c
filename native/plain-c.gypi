# For targets that are plain C: takes away what gyp gives every target for the sake of Node addons.
{
  "include_dirs!": [
    "<(node_root_dir)/include/node",
    "<(node_root_dir)/src",
    "<(node_root_dir)/deps/openssl/config",
    "<(node_root_dir)/deps/openssl/openssl/include",
    "<(node_root_dir)/deps/uv/include",
    "<(node_root_dir)/deps/zlib",
    "<(node_root_dir)/deps/v8/include"
  ],
  "defines!": [
    "NODE_GYP_MODULE_NAME=<(_target_name)",
    "USING_UV_SHARED=1",
    "USING_V8_SHARED=1",
    "V8_DEPRECATION_WARNINGS=1",
    "V8_DEPRECATION_WARNINGS",
    "V8_IMMINENT_DEPRECATION_WARNINGS",
    "_GLIBCXX_USE_CXX11_ABI=1",
    "_LARGEFILE_SOURCE",
    "__STDC_FORMAT_MACROS",
    "OPENSSL_NO_PINSHARED",
    "OPENSSL_THREADS",
    "BUILDING_NODE_EXTENSION"
  ],
  "defines": ["_GNU_SOURCE", "PR_VERSION=\"<!(node -p \"require('./package.json').version\")\""],
  "cflags!": ["-pthread", "-fno-omit-frame-pointer", "-Wno-unused-parameter", "-O3"],
  "ldflags!": ["-pthread", "-rdynamic"],
  "libraries!": ["-lnode"],
  "cflags_c": ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wstrict-prototypes", "-Werror"]
}
