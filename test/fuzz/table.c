// Fuzzes the table codec. Any bytes: viewed without a read beyond them, and what is taken for a table is what the
// writer makes of its content, but for the mark. Any entries: built or refused as a table of bits made here has it.
#include "../../native/table/table.h"
#include "../../native/table/bytes.h"
#include "fuzz.h"

#include <string.h>

enum { ENTRIES = 300 };

static void view_and_build_again(const uint8_t *data, size_t size)
{
    unsigned char *const bytes = malloc(size ? size : 1);
    const struct pr_table *table = NULL;

    HOLDS(bytes);
    memcpy(bytes, data, size);
    const enum pr_table_status status = pr_table_view(bytes, size, &table);
    HOLDS((status == PR_TABLE_OK) == (table != NULL));
    HOLDS((status == PR_TABLE_SHORT) == (size < PR_TABLE_SIZE) && (status == PR_TABLE_LONG) == (size > PR_TABLE_SIZE));
    if (status == PR_TABLE_OK) {
        static struct pr_table_entry entries[PR_TABLE_PORTS];
        struct pr_table again;
        size_t count = 0;

        HOLDS((const void *)table == bytes);
        for (unsigned port = 0; port < 2 * PR_TABLE_PORTS; port++) {
            const unsigned protocols = pr_table_lookup(&table->bits, port);

            HOLDS(port < PR_TABLE_PORTS || protocols == 0);
            if (protocols)
                entries[count++] = (struct pr_table_entry){(uint16_t)port, (uint16_t)protocols};
        }
        HOLDS(pr_table_build(entries, count, pr_table_generation(table), table->digest, &again) == 0);
        HOLDS(!pr_table_retired(&again));
        HOLDS(memcmp(table, &again, offsetof(struct pr_table, mark)) == 0);
        HOLDS(pr_table_retired(table) == (memcmp(&table->mark, &again.mark, sizeof again.mark) != 0));
    }
    free(bytes);
}

// Four bytes an entry: as they are where the last is 255, otherwise made to fit, but for ports just above the last.
static void build_and_view(const uint8_t *data, size_t size)
{
    struct pr_table_entry entries[ENTRIES];
    unsigned char wanted[PR_TABLE_PORTS] = {0}, digest[PR_TABLE_DIGEST_SIZE] = {size & 0xff};
    const struct pr_table *view = NULL;
    struct pr_table table;
    size_t count = 0;
    int fits = 1;

    memset(&table, 0xa5, sizeof table);
    for (; count < ENTRIES && size >= 4; count++, data += 4, size -= 4) {
        const uint32_t word = pr_load32(data);
        const int raw = word >> 24 == 0xff;
        const unsigned port = raw ? word & 0xffff : (word & 0xffff) % (PR_TABLE_PORTS + 2);
        const unsigned protocols = raw ? word >> 16 : 1 + (word >> 16) % 3;

        entries[count] = (struct pr_table_entry){(uint16_t)port, (uint16_t)protocols};
        fits = fits && port < PR_TABLE_PORTS && protocols >= 1 && protocols <= 3;
        if (fits)
            wanted[port] |= (unsigned char)protocols;
    }
    const int built = pr_table_build(entries, count, count * UINT64_C(0x0123456789abcdef), digest, &table);
    HOLDS((built == 0) == fits);
    if (!fits) {
        for (size_t i = 0; i < sizeof table; i++)
            HOLDS(((const unsigned char *)&table)[i] == 0xa5);
        return;
    }
    HOLDS(pr_table_view(&table, sizeof table, &view) == PR_TABLE_OK);
    HOLDS(pr_table_generation(view) == count * UINT64_C(0x0123456789abcdef));
    for (unsigned port = 0; port < PR_TABLE_PORTS; port++)
        HOLDS(pr_table_lookup(&view->bits, port) == wanted[port]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    view_and_build_again(data, size);
    build_and_view(data, size);
    return 0;
}

// Nothing gets past the checksum by chance: every second mutant gets a right one, and most of those the right length.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    size_t changed = LLVMFuzzerMutate(data, size, most);

    if (seed % 2 == 0 || most < PR_TABLE_SIZE)
        return changed;
    if (changed != PR_TABLE_SIZE && seed % 16 != 1) {
        if (changed < PR_TABLE_SIZE)
            memset(data + changed, 0, PR_TABLE_SIZE - changed);
        changed = PR_TABLE_SIZE;
    }
    if (changed >= PR_TABLE_CHECKSUMMED)
        pr_store32(data + offsetof(struct pr_table, checksum), pr_table_checksum((const struct pr_table *)data));
    return changed;
}
