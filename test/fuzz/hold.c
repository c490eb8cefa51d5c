// Fuzzes the reader of the holder's file. Any bytes: read without a read beyond them, and what is taken is what the
// writer would make of it, in the writer's order or another; what is refused has a line that the bytes have, or the one
// after.
#include "../../native/hold/hold.h"
#include "fuzz.h"

#include <string.h>

enum { LONGEST = 16 };

// The file of a list, as the manager writes it.
static size_t write_list(const struct pr_hold_list *list, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "portreserve-hold 1\n");

    for (size_t i = 0; i < list->count; i++)
        length += (size_t)snprintf(text + length, size - length, "%s %s %u\n",
                                   list->entries[i].kind == PR_HOLD ? "hold" : "block",
                                   list->entries[i].protocol == PR_TCP ? "tcp" : "udp", list->entries[i].port);
    return length + (size_t)snprintf(text + length, size - length, "end %zu\n", list->count);
}

// A sum that does not depend on the lines' order.
static unsigned long long lines_of(const char *text, size_t size)
{
    unsigned long long sum = 0, line = 1469598103934665603ull;

    for (size_t i = 0; i < size; i++) {
        line = (line ^ (unsigned char)text[i]) * 1099511628211ull;
        if (text[i] == '\n') {
            sum += line;
            line = 1469598103934665603ull;
        }
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pr_hold_list list, again;
    static char text[(PR_HOLD_ENTRIES + 2) * LONGEST + 32];
    struct pr_hold_fault fault = {0, NULL};
    char *const bytes = malloc(size ? size : 1);
    unsigned lines = 1;

    HOLDS(bytes);
    memcpy(bytes, data, size);
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    if (pr_hold_parse(bytes, size, &list, &fault) == 0) {
        HOLDS(list.count <= PR_HOLD_ENTRIES);
        for (size_t i = 0; i < list.count; i++) {
            HOLDS(list.entries[i].port != 0 && list.entries[i].protocol <= PR_UDP && list.entries[i].kind <= PR_BLOCK);
            HOLDS(i == 0 || pr_hold_compare(&list.entries[i - 1], &list.entries[i]) < 0);
        }
        const size_t length = write_list(&list, text, sizeof text);
        HOLDS(length == size && lines_of(text, length) == lines_of(bytes, size));
        HOLDS(pr_hold_parse(text, length, &again, &fault) == 0);
        HOLDS(again.count == list.count);
        HOLDS(memcmp(again.entries, list.entries, list.count * sizeof *list.entries) == 0);
    } else {
        HOLDS(fault.reason && fault.line >= 1 && fault.line <= lines);
    }
    free(bytes);
    return 0;
}

// Most of what is taken is made from words that the format has.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static char text[PR_HOLD_BYTES];
    unsigned random = seed | 1;
    size_t length, count;

    if (seed % 4 != 0)
        return LLVMFuzzerMutate(data, size, most);
    length = (size_t)snprintf(text, sizeof text, "portreserve-hold 1\n");
    for (count = 0; count < seed / 4 % 40; count++) {
        random = random * 1103515245u + 12345u;
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s %s %u\n", random >> 8 & 1 ? "hold" : "block",
                             random >> 9 & 1 ? "tcp" : "udp", (random >> 10) % (seed % 3 ? 70000 : 50));
    }
    length += (size_t)snprintf(text + length, sizeof text - length, "end %zu\n", count + (seed % 29 == 0));
    length = length < most ? length : most;
    memcpy(data, text, length);
    return length;
}
