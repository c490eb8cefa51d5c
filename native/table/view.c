// Bytes -> a validated view of a table. Rejects everything that format v1 does not say; never reads past `size`.
#include "bytes.h"
#include "table.h"

#include <string.h>

// CRC-32 bit by bit: a table of remainders would make the shim twice as large to save microseconds once per mapping.
uint32_t pr_table_checksum(const struct pr_table *table)
{
    const unsigned char *bytes = (const unsigned char *)table;
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < PR_TABLE_CHECKSUMMED; i++) {
        if (i - offsetof(struct pr_table, checksum) >= sizeof table->checksum)
            crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1u));
    }
    return ~crc;
}

const struct pr_table_mark pr_table_in_force = {.in_force = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                                .family = {2, 0}};
const struct pr_table_mark pr_table_no_longer = {.family = {0xff, 0xff}};

int pr_table_retired(const struct pr_table *table)
{
    return memcmp(&table->mark, &pr_table_in_force, sizeof table->mark) != 0;
}

uint64_t pr_table_generation(const struct pr_table *table)
{
    return pr_load32(table->generation) | (uint64_t)pr_load32(table->generation + 4) << 32;
}

enum pr_table_status pr_table_view(const void *bytes, size_t size, const struct pr_table **ret_table)
{
    const struct pr_table *table = bytes;
    unsigned foreign = 0;
    uint32_t beyond;

    if (size < PR_TABLE_SIZE)
        return PR_TABLE_SHORT;
    if (size > PR_TABLE_SIZE)
        return PR_TABLE_LONG;
    // Not memcmp(): the loader would look up its name for every program that starts with the shim.
    for (size_t i = 0; i < sizeof table->magic; i++)
        foreign |= table->magic[i] ^ (unsigned char)PR_TABLE_MAGIC[i];
    if (foreign)
        return PR_TABLE_FOREIGN;
    if (pr_load32(table->version) != PR_TABLE_VERSION)
        return PR_TABLE_FUTURE;
    beyond = pr_load32(table->zeros1);
    for (size_t i = offsetof(struct pr_table, zeros2); i < offsetof(struct pr_table, mark); i++)
        beyond |= ((const unsigned char *)bytes)[i];
    if (pr_load32(table->size) != PR_TABLE_SIZE || pr_load32(table->checksum) != pr_table_checksum(table) || beyond)
        return PR_TABLE_DAMAGED;
    // The first byte is that of one of the two marks: readers bind() with the family, and no other byte beside these
    // two makes one of it that exists.
    if (table->mark.family[0] != 2 && table->mark.family[0] != 0xff)
        return PR_TABLE_DAMAGED;

    *ret_table = table;
    return PR_TABLE_OK;
}
