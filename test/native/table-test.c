// The table codec in C: golden bytes, rejection of every damage, and no read beyond the bytes given.
#include "../../native/table/bytes.h"
#include "../../native/table/table.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char digest[PR_TABLE_DIGEST_SIZE] = {0xd1, 0x9e, 0x57};

static struct pr_table sample(void)
{
    const struct pr_table_entry entries[] = {
        {631, PR_TABLE_TCP | PR_TABLE_UDP}, {0, PR_TABLE_UDP}, {1023, PR_TABLE_TCP}, {631, PR_TABLE_TCP}};
    struct pr_table table;

    CHECK(pr_table_build(entries, 4, 0x0102030405060708, digest, &table) == 0);
    return table;
}

// Views a copy of exactly `size` bytes on the heap, where a sanitizer sees any read beyond them.
static enum pr_table_status view(const void *bytes, size_t size)
{
    const struct pr_table *table = NULL;
    unsigned char *copy = malloc(size ? size : 1);

    memcpy(copy, bytes, size);
    const enum pr_table_status status = pr_table_view(copy, size, &table);
    CHECK((status == PR_TABLE_OK) == (table == (const void *)copy));
    free(copy);
    return status;
}

static void has_the_golden_bytes(void)
{
    const struct pr_table table = sample();
    unsigned char golden[PR_TABLE_SIZE] = {'P', 'O', 'R', 'T', 'R', 'S', 'V', '\n', 1, 0, 0, 0,
                                           0,   16,  0,   0,   8,   7,   6,   5,    4, 3, 2, 1};
    const unsigned char checksum[] = {0xcf, 0x58, 0x93, 0x7e}; // by zlib's crc32(), not by our own

    memcpy(golden + 24, checksum, sizeof checksum);
    memcpy(golden + 32, digest, sizeof digest);
    golden[64 + 631 / 8] = golden[192 + 631 / 8] = 1 << 631 % 8;
    golden[64 + 1023 / 8] = 1 << 1023 % 8;
    golden[192] = 1;
    memset(golden + 4072, 0xff, 8);
    golden[4094] = 2;
    for (size_t i = 0; i < sizeof golden; i++)
        if (((const unsigned char *)&table)[i] != golden[i]) {
            fprintf(stderr, "byte %zu is 0x%02x, not 0x%02x\n", i, ((const unsigned char *)&table)[i], golden[i]);
            failures++;
        }
}

static void finds_what_was_reserved_and_nothing_else(void)
{
    const struct pr_table table = sample();

    for (unsigned port = 0; port < 70000; port++) {
        const unsigned wanted = port == 631    ? PR_TABLE_TCP | PR_TABLE_UDP
                                : port == 0    ? PR_TABLE_UDP
                                : port == 1023 ? PR_TABLE_TCP
                                               : 0;
        CHECK(pr_table_lookup(&table.bits, port) == wanted);
    }
    CHECK(pr_table_generation(&table) == 0x0102030405060708);
    CHECK(!pr_table_retired(&table));
}

static void does_not_depend_on_order_or_repetition(void)
{
    const struct pr_table_entry other[] = {{1023, PR_TABLE_TCP}, {631, PR_TABLE_UDP}, {631, PR_TABLE_TCP},
                                           {0, PR_TABLE_UDP},    {0, PR_TABLE_UDP},   {1023, PR_TABLE_TCP}};
    const struct pr_table table = sample();
    struct pr_table again;

    CHECK(pr_table_build(other, 6, 0x0102030405060708, digest, &again) == 0);
    CHECK(memcmp(&table, &again, sizeof table) == 0);
}

static void refuses_entries_that_do_not_fit(void)
{
    const struct pr_table_entry bad[] = {{1024, PR_TABLE_TCP}, {65535, PR_TABLE_UDP}, {631, 0}, {631, 4}};
    struct pr_table table, untouched;

    memset(&table, 0xa5, sizeof table);
    memset(&untouched, 0xa5, sizeof untouched);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(pr_table_build(&bad[i], 1, 1, digest, &table) == -1);
    CHECK(memcmp(&table, &untouched, sizeof table) == 0);
}

static void rejects_every_other_length(void)
{
    unsigned char bytes[PR_TABLE_SIZE + 64] = {0};
    const struct pr_table table = sample();

    memcpy(bytes, &table, sizeof table);
    for (size_t size = 0; size < sizeof bytes; size++)
        CHECK(view(bytes, size) == (size < PR_TABLE_SIZE   ? PR_TABLE_SHORT
                                    : size > PR_TABLE_SIZE ? PR_TABLE_LONG
                                                           : PR_TABLE_OK));
}

static void rejects_every_changed_bit(void)
{
    const struct pr_table table = sample();

    for (size_t i = 0; i < PR_TABLE_SIZE; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct pr_table damaged = table;

            ((unsigned char *)&damaged)[i] ^= (unsigned char)(1 << bit);
            // What a writer changes in place is no damage, not even half changed; but a family is the old or the new.
            const enum pr_table_status wanted = i < 8       ? PR_TABLE_FOREIGN
                                                : i < 12    ? PR_TABLE_FUTURE
                                                : i == 4094 ? PR_TABLE_DAMAGED
                                                : i >= 4072 ? PR_TABLE_OK
                                                            : PR_TABLE_DAMAGED;
            CHECK(view(&damaged, sizeof damaged) == wanted);
        }
}

static void rejects_bytes_that_should_be_zero_though_the_checksum_fits(void)
{
    const struct pr_table good = sample();
    const size_t first = offsetof(struct pr_table, zeros1), second = offsetof(struct pr_table, zeros2);

    for (size_t i = 0; i < sizeof good.zeros1 + sizeof good.zeros2; i++) {
        struct pr_table table = good;
        const size_t at = i < sizeof good.zeros1 ? first + i : second + i - sizeof good.zeros1;

        ((unsigned char *)&table)[at] = 1;
        pr_store32(table.checksum, pr_table_checksum(&table));
        CHECK(view(&table, sizeof table) == PR_TABLE_DAMAGED);
    }
}

static void still_views_a_table_that_is_retired_or_only_half_so(void)
{
    struct pr_table table = sample();
    const struct pr_table_mark mark = pr_table_no_longer;

    for (size_t i = sizeof mark; i-- > 0;) {
        ((unsigned char *)&table.mark)[i] = ((const unsigned char *)&mark)[i];
        CHECK(pr_table_retired(&table));
        CHECK(view(&table, sizeof table) == PR_TABLE_OK);
    }
    table.mark = pr_table_in_force;
    CHECK(!pr_table_retired(&table));
}

static void rejects_a_family_that_no_writer_ever_writes(void)
{
    for (unsigned low = 0; low < 256; low++)
        for (unsigned high = 0; high < 256; high++) {
            struct pr_table table = sample();
            // A family of 2 in the first byte and anything but 0 in the second is none that exists.
            const int mixed = low == 2 || low == 0xff;

            table.mark.family[0] = (unsigned char)low;
            table.mark.family[1] = (unsigned char)high;
            CHECK(view(&table, sizeof table) == (mixed ? PR_TABLE_OK : PR_TABLE_DAMAGED));
        }
}

int main(void)
{
    has_the_golden_bytes();
    finds_what_was_reserved_and_nothing_else();
    does_not_depend_on_order_or_repetition();
    refuses_entries_that_do_not_fit();
    rejects_every_other_length();
    rejects_every_changed_bit();
    rejects_bytes_that_should_be_zero_though_the_checksum_fits();
    still_views_a_table_that_is_retired_or_only_half_so();
    rejects_a_family_that_no_writer_ever_writes();
    return failures ? 1 : 0;
}
