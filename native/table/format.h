// The reservation table's layout, format v1: what portreserve.table(5) describes. Data only, no code.
//
// 4096 bytes, all integers little-endian:
//
//   offset size  field
//        0    8  magic       "PORTRSV\n"
//        8    4  version     1
//       12    4  size        4096
//       16    8  generation  counts the tables written on this host, from 1
//       24    4  checksum    CRC-32 (IEEE 802.3) of bytes 0..511, with these four as zeros
//       28    4  zeros
//       32   32  digest      SHA-256 of the reservations it was compiled from
//       64  128  tcp         bit (port % 8) of byte (port / 8) is set: reserved
//      192  128  udp         the same for UDP
//      320 3752  zeros
//     4072   24  mark        in force, or retired: a newer table is about to take this one's place
//
// The mark is all that is ever written in place. It is made for readers that cannot look at it themselves, since the
// page may be gone when they do: the kernel looks for them, as part of a system call (preload/reservations.c).
//
//     4072    8  in_force    all ones; zeros once retired. With `pause` it makes a struct timespec of any byte order
//     4080    8  pause       and word size: an invalid one while in force, a valid one of no time once retired
//     4088    6  zeros
//     4094    2  family      AF_INET, 2; all ones once retired. Followed by a port and an address in the reader's next
//                            page it makes a struct sockaddr_in, which bind() takes only while the table is in force
#ifndef PR_TABLE_FORMAT_H
#define PR_TABLE_FORMAT_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#define PR_TABLE_MAGIC "PORTRSV\n"
#define PR_TABLE_VERSION 1u
#define PR_TABLE_SIZE 4096u
#define PR_TABLE_CHECKSUMMED 512u // what the checksum covers
#define PR_TABLE_PORTS 1024u
#define PR_TABLE_DIGEST_SIZE 32u

struct pr_table_bits {
    unsigned char tcp[PR_TABLE_PORTS / 8];
    unsigned char udp[PR_TABLE_PORTS / 8];
};

struct pr_table_mark {
    unsigned char in_force[8];
    unsigned char pause[8];
    unsigned char zeros[6];
    unsigned char family[2];
};

struct pr_table {
    unsigned char magic[8];
    unsigned char version[4];
    unsigned char size[4];
    unsigned char generation[8];
    unsigned char checksum[4];
    unsigned char zeros1[4];
    unsigned char digest[PR_TABLE_DIGEST_SIZE];
    struct pr_table_bits bits;
    unsigned char zeros2[3752];
    struct pr_table_mark mark;
};

static_assert(sizeof(struct pr_table) == PR_TABLE_SIZE, "format v1 is 4096 bytes");
static_assert(offsetof(struct pr_table, checksum) == 24, "format v1: checksum");
static_assert(offsetof(struct pr_table, digest) == 32, "format v1: digest");
static_assert(offsetof(struct pr_table, bits.tcp) == 64, "format v1: tcp");
static_assert(offsetof(struct pr_table, bits.udp) == 192, "format v1: udp");
static_assert(offsetof(struct pr_table, mark) == 4072, "format v1: mark");
static_assert(offsetof(struct pr_table, mark.family) == 4094, "the family ends the page");
static_assert(alignof(struct pr_table) == 1, "any 4096 bytes can be viewed in place");

#endif
