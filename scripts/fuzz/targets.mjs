// What is fuzzed, and for each the controls: a copy of the sources with one line planted, in which the same fuzzer must
// find the fault. `cage`: it needs namespaces of its own, and which besides that of mounts.

/** A plant: in `file`, `from`, which must be there once, becomes `to`, and the finding must be the one that is `meant`. */
const plant = (file, from, to, meant) => ({ file, from, to, meant });

export const targets = [
  {
    name: "table",
    about: "native/table, under ASan and UBSan",
    kind: "native",
    sources: ["native/table/build.c", "native/table/lookup.c", "native/table/view.c"],
    longest: 4160,
    plants: [
      plant(
        "native/table/view.c",
        "if (size < PR_TABLE_SIZE)",
        "if (size < PR_TABLE_CHECKSUMMED)",
        /heap-buffer-overflow|does not hold/,
      ),
      plant(
        "native/table/build.c",
        "if (port >= PR_TABLE_PORTS ||",
        "if (port > PR_TABLE_PORTS ||",
        /out of bounds|does not hold/,
      ),
    ],
  },
  {
    name: "reservations",
    about: "native/preload with a table that changes, under ASan and UBSan",
    kind: "native",
    sources: [
      "native/preload/bindresvport.c",
      "native/preload/rresvport.c",
      "native/table/build.c",
      "native/table/lookup.c",
      "native/table/view.c",
    ],
    cage: ["--net"],
    longest: 200,
    plants: [
      // A retirement that is not seen where a port is stepped over.
      plant("native/preload/reservations.c", "0) == -EINVAL;", "0) != -EFAULT;", /does not hold/),
      // The page is touched, and may be gone.
      plant(
        "native/preload/reservations.c",
        "    const int zero = 0;\n",
        "    const int zero = 0;\n\n    if (pages->table.mark.in_force[0] == 0)\n        return false;\n",
        /AddressSanitizer: BUS/,
      ),
    ],
  },
  {
    name: "hold",
    about: "the reader of the holder's file in native/hold, under ASan and UBSan",
    kind: "native",
    sources: ["native/hold/parse.c"],
    longest: 2048,
    plants: [
      // A read beyond the end.
      plant(
        "native/hold/parse.c",
        "while (reader->next < reader->end && *reader->next >= '0' &&",
        "while (*reader->next >= '0' &&",
        /heap-buffer-overflow/,
      ),
      // A port that is there twice.
      plant(
        "native/hold/parse.c",
        "pr_hold_compare(&list->entries[at - 1], entry) == 0)",
        "pr_hold_compare(&list->entries[at - 1], entry) == 7)",
        /does not hold/,
      ),
    ],
  },
  {
    name: "preload-list",
    about: "src/core/preload-list, beside this machine's ld.so",
    kind: "typescript",
    cage: [],
    plants: [
      // Comments as anybody would think that they are read. Only ld.so knows better.
      plant("src/core/preload-list/loaded.ts", "    rest -= at;\n", "", /^ld\.so: /m),
      plant("src/core/preload-list/with-entry.ts", "if (count === 1)", "if (count >= 1)", /not there once/),
    ],
  },
  {
    name: "elf",
    about: "src/core/elf",
    kind: "typescript",
    plants: [
      plant("src/core/elf/image.ts", "if (entry !== expected) malformed", "if (entry > 64) malformed", /RangeError/),
    ],
  },
  {
    name: "config",
    about: "src/core/config and src/core/table",
    kind: "typescript",
    plants: [
      // Columns in halves of characters.
      plant(
        "src/core/config/lines.ts",
        "const length = countCharacters(line.text.slice(span.start, span.end));",
        "const length = span.end - span.start;",
        /is beyond its line/,
      ),
    ],
  },
  {
    name: "host",
    about: "the readers of /proc, the loader's cache and systemd's texts in src/core",
    kind: "typescript",
    plants: [
      plant(
        "src/observe/programs/loader/cache.ts",
        "(cache.length - HEADER) / ENTRY)",
        "cache.length / ENTRY)",
        /RangeError/,
      ),
      // A loop without an end.
      plant("src/observe/processes/environ.ts", "indexOf(start, at + 1)", "indexOf(start, at)", /does not end/),
    ],
  },
];
