// The reservation table's layout, format v1: what portreserve.table(5) describes. Data only, no code.
//
// 512 bytes, all integers little-endian:
//
//   offset size  field
//        0    8  magic       "PORTRSV\n"
//        8    4  version     1
//       12    4  size        512
//       16    8  generation  counts the tables written on this host, from 1
//       24    4  retired     0, or 1 once a newer table is about to take this one's place
//       28    4  checksum    CRC-32 (IEEE 802.3) of bytes 0..23, four zero bytes, and bytes 32..511
//       32   32  digest      SHA-256 of the reservations it was compiled from
//       64  128  tcp         bit (port % 8) of byte (port / 8) is set: reserved
//      192  128  udp         the same for UDP
//      320  192  zeros
//
// `retired` is the one word that is ever written in place, so the checksum takes it as 0.
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
    unsigned char retired[4];
    unsigned char checksum[4];
    unsigned char digest[PR_TABLE_DIGEST_SIZE];
    unsigned char tcp[PR_TABLE_PORTS / 8];
    unsigned char udp[PR_TABLE_PORTS / 8];
    unsigned char zeros[192];
};

_Static_assert(sizeof(struct pr_table) == PR_TABLE_SIZE, "format v1 is 512 bytes");
_Static_assert(offsetof(struct pr_table, retired) == 24, "format v1: retired");
_Static_assert(offsetof(struct pr_table, checksum) == 28, "format v1: checksum");
_Static_assert(offsetof(struct pr_table, digest) == 32, "format v1: digest");
_Static_assert(offsetof(struct pr_table, tcp) == 64, "format v1: tcp");
_Static_assert(offsetof(struct pr_table, udp) == 192, "format v1: udp");
_Static_assert(offsetof(struct pr_table, zeros) == 320, "format v1: zeros");
_Static_assert(_Alignof(struct pr_table) == 1, "any 512 bytes can be viewed in place");

#endif
