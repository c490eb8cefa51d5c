// bindresvport(), bindresvport_sa() and libgssrpc's copies of them: bind a socket to a privileged port nobody needs.
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>

// Read from the file by the manager, to know a shim when it sees one.
PR_EXPORT extern const char portreserve_shim[];
PR_EXPORT const char portreserve_shim[] = "portreserve " PR_VERSION " table 1";

// The caller's port is tried first where it is a request: in bindresvport_sa() always (ypserv -p 834, also when 834 is
// reserved, for it may be the owner); in bindresvport() only where glibc, which ignores it, could have chosen it too,
// since its callers leave stale values there.
static bool is_request(struct pr_search *search, unsigned port, bool exact)
{
    if (exact)
        return port != 0;
    return port >= PR_PORT_LOW && port <= PR_PORT_END &&
           !pr_reservations_hold(&search->reservations, port, search->fd, &search->protocols);
}

static int allocate(int fd, struct sockaddr *address, int unsupported, bool exact)
{
    const int saved = errno;
    union pr_address own = {.in = {.sin_family = AF_INET}};
    struct pr_search search = {.fd = fd, .address = address ? (union pr_address *)address : &own, .guessed = !address};

    search.length = pr_address_length(search.address->any.sa_family);
    if (search.length == 0) {
        errno = unsupported;
        return -1;
    }
    pr_reservations_take(&search.reservations);

    const unsigned port = ntohs(search.address->in.sin_port);
    const bool request = is_request(&search, port, exact);
    int result = request ? pr_search_bind(&search, port) : pr_search_scan(&search);

    if (request && result != 0 && errno == EADDRINUSE)
        result = pr_search_scan(&search);
    if (result == 0)
        errno = saved;
    else if (search.length == 0)
        errno = unsupported;
    return result;
}

PR_EXPORT int bindresvport(int fd, struct sockaddr_in *address)
{
    return allocate(fd, (struct sockaddr *)address, EAFNOSUPPORT, false);
}

PR_EXPORT int bindresvport_sa(int fd, struct sockaddr *address)
{
    return allocate(fd, address, EPFNOSUPPORT, true);
}

PR_EXPORT int gssrpc_bindresvport(int fd, struct sockaddr_in *address)
{
    return allocate(fd, (struct sockaddr *)address, EAFNOSUPPORT, false);
}

PR_EXPORT int gssrpc_bindresvport_sa(int fd, struct sockaddr *address)
{
    return allocate(fd, address, EPFNOSUPPORT, true);
}
