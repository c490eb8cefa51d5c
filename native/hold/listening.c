// Which TCP ports somebody listens on, from /proc/net: the lists begin with those that listen, and are read no further.
#include "hold.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static unsigned char ports[65536 / 8];
static bool known;

static unsigned hex(const char *digits, size_t count)
{
    unsigned value = 0;

    for (size_t i = 0; i < count; i++) {
        const char digit = digits[i];

        value = value * 16 + (unsigned)(digit >= 'A' ? digit - 'A' + 10 : digit - '0');
    }
    return value;
}

// Marks the port of one line, "  0: 0100007F:0277 00000000:0000 0A …", which is `length` long. False where this one
// does not listen; the list's heading passes.
static bool mark(const char *line, size_t length)
{
    const char *const colon = memchr(line, ':', length);
    const char *const local = colon ? memchr(colon + 1, ':', length - (size_t)(colon + 1 - line)) : NULL;

    if (!local)
        return true;
    const size_t address = (size_t)(local - colon) - 2;
    // ":0277 ADDRESS:PORT 0A"
    const char *const state = local + 6 + address + 6;
    if (state + 2 > line + length)
        return true;
    const unsigned port = hex(local + 1, 4);
    if (state[0] != '0' || state[1] != 'A')
        return false;
    ports[port / 8 % sizeof ports] |= (unsigned char)(1u << port % 8);
    return true;
}

static void look(const char *list)
{
    const int fd = open(list, O_RDONLY | O_CLOEXEC);
    char text[4096];
    size_t length = 0;
    bool more = fd >= 0;

    while (more) {
        const ssize_t count = read(fd, text + length, sizeof text - length);
        const char *line = text, *end;

        if (count <= 0)
            break;
        length += (size_t)count;
        while (more && (end = memchr(line, '\n', length - (size_t)(line - text))) != NULL) {
            more = mark(line, (size_t)(end - line));
            line = end + 1;
        }
        length -= (size_t)(line - text);
        memmove(text, line, length);
    }
    if (fd >= 0)
        close(fd);
}

bool pr_hold_listens(unsigned port)
{
    if (!known) {
        memset(ports, 0, sizeof ports);
        look("/proc/net/tcp");
        look("/proc/net/tcp6");
        known = true;
    }
    return ((unsigned)ports[port / 8 % sizeof ports] >> port % 8 & 1u) != 0;
}

void pr_hold_look_again(void)
{
    known = false;
}
