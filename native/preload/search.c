// The order in which ports are tried, as glibc has it: from 600 + pid % 424 up to 1023, round to 600, then 512..599;
// once that low range was needed, all of 512..1023. Reserved ports are stepped over.
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
               "the port's place does not depend on the family");

// The next candidate, shared by all threads and never locked: glibc's lock deadlocks children forked under it.
static atomic_uint cursor;

// Whether 600..1023 was once full: from then on the range is all of 512..1023, as in glibc.
static atomic_bool widened;

static unsigned next_candidate(unsigned low, unsigned high)
{
    unsigned now = atomic_load_explicit(&cursor, memory_order_relaxed), port;

    do {
        port = now ? now : PR_PORT_START + (unsigned)getpid() % (PR_PORT_END - PR_PORT_START + 1);
        if (port < low || port > high)
            port = low + port % (high - low + 1);
    } while (!atomic_compare_exchange_weak_explicit(&cursor, &now, port < high ? port + 1 : low, memory_order_relaxed,
                                                    memory_order_relaxed));
    return port;
}

socklen_t pr_address_length(sa_family_t family)
{
    return family == AF_INET ? sizeof(struct sockaddr_in) : family == AF_INET6 ? sizeof(struct sockaddr_in6) : 0;
}

int pr_search_bind(struct pr_search *search, unsigned port)
{
    search->address->in.sin_port = htons((uint16_t)port);
    const int result = bind(search->fd, &search->address->any, search->length);

    // Guessing IPv4 saves a getsockname() in nearly every call without an address. The kernel refuses a wrong guess
    // with EINVAL or EAFNOSUPPORT, and only then is the socket asked.
    if (result == 0 || !search->guessed || (errno != EINVAL && errno != EAFNOSUPPORT))
        return result;
    search->guessed = false;
    search->length = sizeof *search->address;
    if (getsockname(search->fd, &search->address->any, &search->length) != 0)
        return -1;
    search->length = pr_address_length(search->address->any.sa_family);
    if (search->length != 0)
        return pr_search_bind(search, port);
    errno = EAFNOSUPPORT;
    return -1;
}

static int scan_range(struct pr_search *search, unsigned low, unsigned high)
{
    errno = EADDRINUSE;
    for (unsigned left = high - low + 1; left > 0; left--) {
        const unsigned port = next_candidate(low, high);

        if (pr_reservations_hold(&search->reservations, port, search->fd, &search->protocols))
            continue;
        if (pr_search_bind(search, port) == 0)
            return 0;
        if (errno != EADDRINUSE)
            return -1;
    }
    errno = EADDRINUSE;
    return -1;
}

int pr_search_scan(struct pr_search *search)
{
    const bool all = atomic_load_explicit(&widened, memory_order_relaxed);

    if (scan_range(search, all ? PR_PORT_LOW : PR_PORT_START, PR_PORT_END) == 0)
        return 0;
    if (all || errno != EADDRINUSE)
        return -1;
    atomic_store_explicit(&widened, true, memory_order_relaxed);
    return scan_range(search, PR_PORT_LOW, PR_PORT_START - 1);
}
