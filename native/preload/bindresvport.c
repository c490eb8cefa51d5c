// bindresvport(), bindresvport_sa() and libgssrpc's copies of them: bind a socket to a privileged port nobody needs.
#include "exported.h"

#include <arpa/inet.h>
#include <stdatomic.h>

// Read from the file by the manager, to know a shim when it sees one.
__attribute__((aligned(1))) PR_EXPORT extern const char portreserve_shim[];
PR_EXPORT const char portreserve_shim[] = "portreserve " PR_VERSION " table 1";

// What the last socket without an address turned out to be: the better guess for the next one.
static atomic_bool last_was_ipv6;

// The caller's port is tried first where it is a request: in bindresvport_sa() always (ypserv -p 834, also when 834 is
// reserved, for it may be the owner); in bindresvport() only where glibc, which ignores it, could have chosen it too,
// since its callers leave stale values there.
static int request(struct pr_search *search, unsigned port, bool exact)
{
    if (exact && port != 0)
        return bind(search->fd, &search->address->any, search->length);
    if (!exact && port >= PR_PORT_LOW && port <= PR_PORT_END)
        return pr_search_try(search, port);
    errno = EADDRINUSE;
    return -1;
}

static int allocate(int fd, struct sockaddr *address, int unsupported, bool exact)
{
    const int saved = errno;
    const bool ipv6 = !address && atomic_load_explicit(&last_was_ipv6, memory_order_relaxed);
    union pr_address own = {.in6 = {.sin6_family = ipv6 ? AF_INET6 : AF_INET}};
    struct pr_reservations reservations;
    struct pr_search search = {.fd = fd,
                               .address = address ? (union pr_address *)address : &own,
                               .guessed = !address,
                               .reservations = &reservations};

    search.length = pr_address_length(search.address->any.sa_family);
    if (search.length == 0) {
        errno = unsupported;
        return -1;
    }
    pr_reservations_acquire(&reservations);
    int result = request(&search, ntohs(search.address->in.sin_port), exact);
    if (result != 0 && errno == EADDRINUSE)
        result = pr_search_scan(&search);
    pr_reservations_release(&reservations);

    if (result == 0 && !address && (own.any.sa_family == AF_INET6) != ipv6)
        atomic_store_explicit(&last_was_ipv6, !ipv6, memory_order_relaxed);
    if (result == 0)
        errno = saved;
    else if (search.length == 0)
        errno = unsupported;
    return result;
}
