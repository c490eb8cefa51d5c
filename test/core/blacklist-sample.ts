// A blacklist with every oddity of its grammar, and the ports that a real libtirpc leaves alone with it.

/** Raw bytes: it holds a NUL, a byte order mark and a byte that is not UTF-8. */
export const BLACKLIST: Buffer = Buffer.from(
  [
    "600",
    "0601",
    "01137",
    "0x25a",
    "0X25B",
    "604 # c",
    "605#c",
    "606 junk",
    "607x",
    " 608",
    "\t609 \t\r",
    "+610",
    "-611",
    "08",
    "0x",
    "612\0 613",
    "\x314",
    "\xef\xbb\xbf615",
    "616-618",
    "619/tcp",
    "620\v\f",
    "1024",
    "511",
    "512",
    "513",
    "99999999999999999999",
    "1023",
    "0",
    "#",
    "# 630",
    "ipp",
    "631 632",
    "633\xff",
    "634",
  ].join("\n"),
  "latin1",
);

export const BLACKLIST_PORTS: readonly number[] = [
  512, 513, 600, 602, 603, 604, 605, 607, 608, 609, 610, 612, 620, 634, 1023,
];
