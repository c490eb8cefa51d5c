// Entries -> a table's bytes. Deterministic; used by the manager alone, never by the shim.
#include "bytes.h"
#include "table.h"

#include <string.h>

int pr_table_build(const struct pr_table_entry *entries, size_t count, uint64_t generation,
                   const unsigned char digest[PR_TABLE_DIGEST_SIZE], struct pr_table *ret_table)
{
    struct pr_table table = {.magic = {0}};

    for (size_t i = 0; i < count; i++) {
        const unsigned port = entries[i].port, protocols = entries[i].protocols;

        if (port >= PR_TABLE_PORTS || protocols == 0 || protocols > (PR_TABLE_TCP | PR_TABLE_UDP))
            return -1;
        if (protocols & PR_TABLE_TCP)
            table.bits.tcp[port / 8] |= (unsigned char)(1u << port % 8);
        if (protocols & PR_TABLE_UDP)
            table.bits.udp[port / 8] |= (unsigned char)(1u << port % 8);
    }

    memcpy(table.magic, PR_TABLE_MAGIC, sizeof table.magic);
    table.mark = pr_table_in_force;
    memcpy(table.digest, digest, sizeof table.digest);
    pr_store32(table.version, PR_TABLE_VERSION);
    pr_store32(table.size, PR_TABLE_SIZE);
    pr_store32(table.generation, (uint32_t)generation);
    pr_store32(table.generation + 4, (uint32_t)(generation >> 32));
    pr_store32(table.checksum, pr_table_checksum(&table));
    *ret_table = table;
    return 0;
}
