// The order in which ports are tried, as glibc has it: from 600 + pid % 424 up to 1023, round to 600, then 512..599;
// once that low range was needed, all of 512..1023. Reserved ports are stepped over.
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>

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
        port = now ? now : PR_PORT_START + (unsigned)pr_call3(SYS_getpid, 0, 0, 0) % (PR_PORT_END - PR_PORT_START + 1);
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

// NOLINTNEXTLINE(misc-no-recursion): into itself once only, for the reservations are valid then.
static bool is_reserved(struct pr_search *search, unsigned port)
{
    const unsigned both = PR_TABLE_TCP | PR_TABLE_UDP;
    const struct pr_table_bits *bits = search->reservations->bits;
    const unsigned reserved = bits ? pr_table_lookup(bits, port) : 0;

    if (reserved != 0 && !search->reservations->valid) {
        pr_reservations_revalidate(search->reservations);
        return is_reserved(search, port);
    }
    if (reserved == 0 || reserved == both)
        return reserved != 0;
    if (search->protocols == 0) {
        int protocol = -1;
        socklen_t length = sizeof protocol;

        pr_getsockopt(search->fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
        search->protocols = protocol == IPPROTO_TCP ? PR_TABLE_TCP : protocol == IPPROTO_UDP ? PR_TABLE_UDP : both;
    }
    return reserved & search->protocols;
}

// Guessing IPv4 saves a getsockname() in nearly every call without an address. Leaves a length of 0 where the socket
// has neither family.
static int ask_socket(struct pr_search *search)
{
    search->guessed = false;
    search->length = sizeof *search->address;
    if (getsockname(search->fd, &search->address->any, &search->length) != 0)
        return -1;
    search->length = pr_address_length(search->address->any.sa_family);
    return search->length != 0 ? 1 : -1;
}

// What a refused bind() may mean beside what it says: a wrong guess of the family, which the kernel answers with EINVAL
// or EAFNOSUPPORT, or a table that is no longer in force, which each protocol has its own error for. Returns 1 where it
// is worth another try.
static int doubt(struct pr_search *search)
{
    if (errno == EADDRINUSE)
        return -1;
    if (search->guessed && (errno == EINVAL || errno == EAFNOSUPPORT))
        return ask_socket(search);
    if (search->reservations->valid)
        return -1;
    pr_reservations_revalidate(search->reservations);
    return 1;
}

int pr_search_try(struct pr_search *search, unsigned port)
{
    int result;

    do {
        if (is_reserved(search, port)) {
            errno = EADDRINUSE;
            return -1;
        }
        search->address->in.sin_port = htons((uint16_t)port);
        result = pr_reservations_bind(search->reservations, search->fd, search->address, search->length);
        if (result < 0)
            result = doubt(search);
    } while (result > 0);
    return result;
}

static int scan_range(struct pr_search *search, unsigned low, unsigned high)
{
    int result = -1;

    errno = EADDRINUSE;
    for (unsigned left = high - low + 1; left > 0 && result != 0 && errno == EADDRINUSE; left--)
        result = pr_search_try(search, next_candidate(low, high));
    return result;
}

int pr_search_scan(struct pr_search *search)
{
    const bool all = atomic_load_explicit(&widened, memory_order_relaxed);
    const int result = scan_range(search, all ? PR_PORT_LOW : PR_PORT_START, PR_PORT_END);

    if (result == 0 || all || errno != EADDRINUSE)
        return result;
    atomic_store_explicit(&widened, true, memory_order_relaxed);
    return scan_range(search, PR_PORT_LOW, PR_PORT_START - 1);
}
