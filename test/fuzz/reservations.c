// Fuzzes how the shim goes by the table's file. Half of the inputs keep to the protocol (a new file, the old one
// marked, a rename), with writers that die in between: then each answer is known. The other half does anything to the
// file, and then only what must never happen is known. It binds privileged ports, and needs a network of its own.
// Two of the shim's files are part of this one, so that each input begins with them as in a new process.
#define PR_TABLE_PATH "fuzz.table"
#include "../../native/preload/reservations.c"
#include "../../native/preload/search.c"

#include "table-file.h"

#include <netdb.h>
#include <stdio.h>

// libtirpc's, in no header of libc's.
int bindresvport_sa(int fd, struct sockaddr *address);

enum { HELD = 16, STEPS = 48, NEW_ERRNO = 4711 };

static struct input input;

// The shim as it should be.
static struct pr_table_bits newest; // all zeros where there is no table
static unsigned model_cursor;
static bool model_widened;

static struct {
    int fd;
    unsigned port, protocol;
} held[HELD];
static int held_count;

static bool busy(unsigned port, unsigned protocol)
{
    for (int i = 0; i < held_count; i++)
        if (held[i].port == port && held[i].protocol == protocol)
            return true;
    return false;
}

static bool can_be_had(unsigned port, unsigned protocol)
{
    return !(pr_table_lookup(&newest, port) & protocol) && !busy(port, protocol);
}

static unsigned model_range(unsigned low, unsigned high, unsigned protocol)
{
    for (unsigned tries = high - low + 1; tries > 0; tries--) {
        unsigned port = model_cursor;

        if (port < low || port > high)
            port = low + port % (high - low + 1);
        model_cursor = port < high ? port + 1 : low;
        if (can_be_had(port, protocol))
            return port;
    }
    return 0;
}

static unsigned model_up(unsigned protocol)
{
    if (model_widened)
        return model_range(PR_PORT_LOW, PR_PORT_END, protocol);
    const unsigned port = model_range(PR_PORT_START, PR_PORT_END, protocol);
    if (port != 0)
        return port;
    model_widened = true;
    return model_range(PR_PORT_LOW, PR_PORT_START - 1, protocol);
}

static unsigned model_down(unsigned start, unsigned protocol)
{
    unsigned port = start;

    do {
        if (can_be_had(port, protocol))
            return port;
        port = port == PR_PORT_LOW ? PR_PORT_END : port - 1;
    } while (port != start);
    return 0;
}

// Takes a port in one of the ways there are, and says which. `exact`: the model knows the answer.
static void allocate_one(bool exact)
{
    const unsigned how = next_byte(&input);
    const unsigned protocol = how & 1 ? PR_TABLE_TCP : PR_TABLE_UDP;
    const int family = how & 2 ? AF_INET6 : AF_INET, type = protocol == PR_TABLE_TCP ? SOCK_STREAM : SOCK_DGRAM;
    const bool down = protocol == PR_TABLE_TCP && how & 4, keep = how & 8 && held_count < HELD;
    union pr_address address = {.in6 = {.sin6_family = (sa_family_t)family}}, bound;
    socklen_t length = sizeof bound;
    int fd, result, alport = PR_PORT_LOW + 2 * (int)(how & 0xf0);

    unsigned given = 0, expected = 0;
    if (down) {
        expected = exact ? model_down((unsigned)alport, protocol) : 0;
        errno = NEW_ERRNO;
        fd = rresvport_af(&alport, (sa_family_t)family);
        result = fd < 0 ? -1 : 0;
    } else {
        expected = exact ? model_up(protocol) : 0;
        fd = socket(family, type, 0);
        errno = NEW_ERRNO;
        result = bindresvport_sa(fd, how & 16 ? &address.any : NULL);
    }
    const int error = errno;
    if (result == 0) {
        HOLDS(error == NEW_ERRNO);
        HOLDS(getsockname(fd, &bound.any, &length) == 0);
        given = ntohs(bound.in.sin_port);
        HOLDS(given >= PR_PORT_LOW && given <= PR_PORT_END);
        HOLDS(!down || (int)given == alport);
    } else {
        HOLDS(error == (down ? EAGAIN : EADDRINUSE));
    }
    if (exact && given != expected)
        fprintf(stderr, "port %u, where %u is right (0: none)\n", given, expected);
    HOLDS(!exact || given == expected);
    if (result == 0 && keep) {
        held[held_count].fd = fd;
        held[held_count].port = given;
        held[held_count++].protocol = protocol;
    } else if (fd >= 0) {
        close(fd);
    }
}

// An explicit request goes through, reserved or not.
static void request_one(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);

    const unsigned port = PR_PORT_LOW + 2 * next_byte(&input);
    if (!busy(port, PR_TABLE_UDP)) {
        address.sin_port = htons((uint16_t)port);
        HOLDS(bindresvport_sa(fd, (struct sockaddr *)&address) == 0);
        HOLDS(ntohs(address.sin_port) == port);
    }
    close(fd);
}

// As in a process that has just been started.
static void start_anew(void)
{
    clear_name();
    if (pages)
        munmap(pages, sizeof *pages);
    pages = NULL;
    memset(&cached, 0, sizeof cached);
    atomic_flag_clear(&lock);
    atomic_store(&cursor, PR_PORT_START);
    atomic_store(&widened, false);
    memset(&newest, 0, sizeof newest);
    model_cursor = PR_PORT_START;
    model_widened = false;
    while (held_count > 0)
        close(held[--held_count].fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = (struct input){data, size};
    start_anew();
    const bool keeps_to_protocol = next_byte(&input) % 2 == 0;
    for (int steps = 0; input.left > 0 && steps < STEPS; steps++) {
        const unsigned step = next_byte(&input) % 8;

        if (step == 0)
            replace_table(&input, &newest);
        else if (step == 1 && !keeps_to_protocol)
            damage(&input);
        else if (step == 1)
            retire(next_byte(&input) % (sizeof pr_table_no_longer + 1));
        else if (step == 2)
            uninstall(&newest);
        else if (step == 3)
            request_one();
        else
            allocate_one(keeps_to_protocol);
    }
    return 0;
}
