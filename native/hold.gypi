# The holder: one static file, since it runs before anything else does and has to go on whatever happens to libraries.
{
  "includes": ["static-program.gypi"],
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
  ]
}
