// The reservation table's layout, format v1: what portreserve.table(5) describes. Data only, no code.
//
// 512 bytes, all integers little-endian:
//
//   offset size  field
//        0    8  magic       "PORTRSV\n"
//        8    4  version     1
//       12    4  size        512
//       16    8  generation  counts the tables written on this host, from 1
//       24    8  in_force    all ones; all zeros once a newer table is about to take this one's place: retired
//       32    8  pause       zeros
//       40    4  checksum    CRC-32 (IEEE 802.3) of the other 508 bytes, with in_force as zeros
//       44   20  zeros
//       64   32  digest      SHA-256 of the reservations it was compiled from
//       96   32  zeros
//      128  128  tcp         bit (port % 8) of byte (port / 8) is set: reserved
//      256  128  udp         the same for UDP
//      384  128  zeros
//
// `in_force` is all that is ever written in place, so the checksum does not cover it. With `pause` it makes a
// `struct timespec`, of either byte order and word size: an invalid one while in force, a valid one of no time once
// retired. That lets the kernel tell a reader which it is, without the reader touching a page that may be gone (see
// preload/reservations.c).
#ifndef PR_TABLE_FORMAT_H
#define PR_TABLE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define PR_TABLE_MAGIC "PORTRSV\n"
#define PR_TABLE_VERSION 1u
#define PR_TABLE_SIZE 512u
#define PR_TABLE_PORTS 1024u
#define PR_TABLE_DIGEST_SIZE 32u

struct pr_table {
    unsigned char magic[8];
    unsigned char version[4];
    unsigned char size[4];
    unsigned char generation[8];
    unsigned char in_force[8];
    unsigned char pause[8];
    unsigned char checksum[4];
    unsigned char zeros1[20];
    unsigned char digest[PR_TABLE_DIGEST_SIZE];
    unsigned char zeros2[32];
    unsigned char tcp[PR_TABLE_PORTS / 8];
    unsigned char udp[PR_TABLE_PORTS / 8];
    unsigned char zeros3[128];
};

_Static_assert(sizeof(struct pr_table) == PR_TABLE_SIZE, "format v1 is 512 bytes");
_Static_assert(offsetof(struct pr_table, in_force) == 24, "format v1: in_force");
_Static_assert(offsetof(struct pr_table, pause) == 32, "format v1: pause");
_Static_assert(offsetof(struct pr_table, checksum) == 40, "format v1: checksum");
_Static_assert(offsetof(struct pr_table, digest) == 64, "format v1: digest");
_Static_assert(offsetof(struct pr_table, tcp) == 128, "format v1: tcp");
_Static_assert(offsetof(struct pr_table, udp) == 256, "format v1: udp");
_Static_assert(_Alignof(struct pr_table) == 1, "any 512 bytes can be viewed in place");

#endif
