// The reservation table's API: bytes in, answers out. No I/O, no memory of its own, no errno.
#ifndef PR_TABLE_H
#define PR_TABLE_H

#ifdef __cplusplus
extern "C" {
#endif

#include "format.h"

enum pr_table_status {
    PR_TABLE_OK = 0,
    PR_TABLE_SHORT,   // fewer than 4096 bytes
    PR_TABLE_LONG,    // more than 4096 bytes
    PR_TABLE_FOREIGN, // another magic: not a table
    PR_TABLE_FUTURE,  // a version this build does not know
    PR_TABLE_DAMAGED, // the size, the checksum or the zeros are not as format v1 has them
};

// What a port is reserved for: a set of protocols.
#define PR_TABLE_TCP 1u
#define PR_TABLE_UDP 2u

// Views `size` bytes as a table. On PR_TABLE_OK *ret_table points into `bytes`; otherwise it is left as it was.
enum pr_table_status pr_table_view(const void *bytes, size_t size, const struct pr_table **ret_table);

// The same of a part of a table, from byte `offset` on: what format v1 says of it. The first part has the checksum and
// all that it covers, so it has 512 bytes at least; no part ends between the family's two bytes. Never PR_TABLE_SHORT
// or PR_TABLE_LONG.
enum pr_table_status pr_table_check(const unsigned char *part, size_t offset, size_t size);

// The protocols that `port` is reserved for, a set of PR_TABLE_TCP and PR_TABLE_UDP; 0 for any port above 1023.
unsigned pr_table_lookup(const struct pr_table_bits *bits, unsigned port);

// Whether the writer has marked this table as about to be replaced. It is the newest there is until that happens, so
// any mark makes a valid table: a half-written one must not make every reader drop its reservations.
int pr_table_retired(const struct pr_table *table);

// The mark of a table in force, and of a retired one.
extern const struct pr_table_mark pr_table_in_force, pr_table_no_longer;

// Counts the tables written on this host, from 1.
uint64_t pr_table_generation(const struct pr_table *table);

struct pr_table_entry {
    uint16_t port;      // 0..1023
    uint16_t protocols; // PR_TABLE_TCP | PR_TABLE_UDP
};

// Encodes a table. Deterministic: the entries' order and repetition do not change the bytes.
// Returns 0, or -1 with *ret_table untouched when an entry has a port above 1023 or no or unknown protocols.
int pr_table_build(const struct pr_table_entry *entries, size_t count, uint64_t generation,
                   const unsigned char digest[PR_TABLE_DIGEST_SIZE], struct pr_table *ret_table);

// The checksum that `table` should carry (see format.h); the one it does carry is not looked at.
uint32_t pr_table_checksum(const struct pr_table *table);

#ifdef __cplusplus
}
#endif

#endif
