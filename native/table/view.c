// Bytes -> a validated view of a table. Rejects everything that format v1 does not say; never reads past `size`.
#include "bytes.h"
#include "table.h"

#include <string.h>

// CRC-32 four bits at a time: bit by bit it takes several microseconds of a program's first call, and the usual table
// of 256 remainders would be a page of the shim's.
uint32_t pr_table_checksum(const struct pr_table *table)
{
    const unsigned char *bytes = (const unsigned char *)table;
    static const _Alignas(4) uint32_t remainders[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < PR_TABLE_CHECKSUMMED; i++) {
        if (i - offsetof(struct pr_table, checksum) >= sizeof table->checksum)
            crc ^= bytes[i];
        for (int half = 0; half < 2; half++)
            crc = crc >> 4 ^ remainders[crc & 15u];
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

enum pr_table_status pr_table_check(const unsigned char *part, size_t offset, size_t size)
{
    const struct pr_table *table = (const struct pr_table *)part;
    const size_t family = offsetof(struct pr_table, mark.family);
    unsigned wrong = 0;

    if (offset == 0) {
        // Not memcmp(): the loader would look up its name for every program that starts with the shim.
        uint64_t magic, expected;

        memcpy(&magic, table->magic, sizeof magic);
        memcpy(&expected, PR_TABLE_MAGIC, sizeof expected);
        if (magic != expected)
            return PR_TABLE_FOREIGN;
        if (pr_load32(table->version) != PR_TABLE_VERSION)
            return PR_TABLE_FUTURE;
        wrong = pr_load32(table->zeros1) | (pr_load32(table->size) ^ PR_TABLE_SIZE) |
                (pr_load32(table->checksum) ^ pr_table_checksum(table));
    }
    for (size_t i = 0; i < size; i++)
        if (offset + i >= offsetof(struct pr_table, zeros2) && offset + i < offsetof(struct pr_table, mark))
            wrong |= part[i];
    // The first byte is that of one of the two marks: readers bind() with the family, and no other byte beside these
    // two makes one of it that exists.
    if (offset <= family && family < offset + size && part[family - offset] != 2 && part[family - offset] != 0xff)
        wrong = 1;
    return wrong ? PR_TABLE_DAMAGED : PR_TABLE_OK;
}

enum pr_table_status pr_table_view(const void *bytes, size_t size, const struct pr_table **ret_table)
{
    enum pr_table_status status;

    if (size < PR_TABLE_SIZE)
        return PR_TABLE_SHORT;
    if (size > PR_TABLE_SIZE)
        return PR_TABLE_LONG;
    status = pr_table_check(bytes, 0, size);
    if (status == PR_TABLE_OK)
        *ret_table = bytes;
    return status;
}
