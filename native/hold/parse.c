// Bytes -> the entries of a compiled file, or the line that is wrong and why. Takes nothing but what the format says,
// and never reads past `size`. No I/O.
#include "hold.h"

#include <string.h>

struct reader {
    const char *next, *end;
};

static const char header[] = "portreserve-hold 1\n";

// Whether these bytes come next; where they do, they are read.
static bool takes(struct reader *reader, const char *words)
{
    const size_t length = strlen(words);

    if ((size_t)(reader->end - reader->next) < length || memcmp(reader->next, words, length) != 0)
        return false;
    reader->next += length;
    return true;
}

// A decimal number up to `most`, at most 65535, without leading zeros, and the end of its line; -1 where there is none.
static long takes_number(struct reader *reader, long most)
{
    const char *const first = reader->next;
    long value = 0;

    while (reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9' && reader->next - first < 5)
        value = value * 10 + (*reader->next++ - '0');
    if (reader->next == first || (*first == '0' && reader->next - first > 1) || value > most || !takes(reader, "\n"))
        return -1;
    return value;
}

// Reads the rest of an entry's line. NULL, or what is wrong.
static const char *read_entry(struct reader *reader, enum pr_hold_kind kind, struct pr_hold_entry *ret_entry)
{
    const bool tcp = takes(reader, "tcp ");

    if (!tcp && !takes(reader, "udp "))
        return "the protocol is neither tcp nor udp";
    const long port = takes_number(reader, 65535);
    if (port < 1)
        return "the line does not end with a port from 1 to 65535";
    *ret_entry =
        (struct pr_hold_entry){.port = (uint16_t)port, .protocol = tcp ? PR_TCP : PR_UDP, .kind = (unsigned char)kind};
    return NULL;
}

// Puts it in its place; the file is in order, so that this is the last one. False where its port is there already.
static bool insert(struct pr_hold_list *list, const struct pr_hold_entry *entry)
{
    size_t at = list->count;

    while (at > 0 && pr_hold_compare(&list->entries[at - 1], entry) > 0)
        at--;
    if (at > 0 && pr_hold_compare(&list->entries[at - 1], entry) == 0)
        return false;
    memmove(&list->entries[at + 1], &list->entries[at], (list->count - at) * sizeof *entry);
    list->entries[at] = *entry;
    list->count++;
    return true;
}

// Reads one line after the first. NULL, or what is wrong; *ret_last is whether it was the file's last.
static const char *read_line(struct reader *reader, struct pr_hold_list *list, bool *ret_last)
{
    struct pr_hold_entry entry;
    const bool hold = takes(reader, "hold ");

    *ret_last = false;
    if (hold || takes(reader, "block ")) {
        const char *const wrong = read_entry(reader, hold ? PR_HOLD : PR_BLOCK, &entry);

        if (wrong)
            return wrong;
        if (list->count == PR_HOLD_ENTRIES)
            return "there are more than 2048 ports";
        return insert(list, &entry) ? NULL : "the port is there twice";
    }
    if (reader->next == reader->end)
        return "the file ends too early";
    if (!takes(reader, "end "))
        return "the line begins with neither hold, block nor end";
    if (takes_number(reader, PR_HOLD_ENTRIES) != (long)list->count)
        return "the number of ports is another one";
    *ret_last = true;
    return reader->next == reader->end ? NULL : "something comes after the end";
}

int pr_hold_parse(const char *bytes, size_t size, struct pr_hold_list *list, struct pr_hold_fault *ret_fault)
{
    struct reader reader = {.next = bytes, .end = bytes + size};
    bool last = false;
    unsigned line = 1;
    const char *wrong = takes(&reader, header) ? NULL : "the first line is not 'portreserve-hold 1'";

    list->count = 0;
    while (!wrong && !last) {
        line++;
        wrong = read_line(&reader, list, &last);
    }
    if (!wrong)
        return 0;
    *ret_fault = (struct pr_hold_fault){.line = line, .reason = wrong};
    return -1;
}
