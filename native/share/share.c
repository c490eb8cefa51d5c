// bind() for an owner that does not set SO_REUSEADDR: where the port is reserved, its socket gets the flag first, and
// so may share the port with a hold, which nobody else can. The shim's rules hold here too (preload/shim.h); whatever
// goes wrong, it is the plain bind().
//
// The system call is made here, not by the next library that has a bind(): to find that one takes dlsym(), which may
// wait for a lock of the loader and is not for signal handlers. libc's bind() is that call and no more, so what is lost
// is another preloaded library's, where it comes behind this one in the list; before it, it works as ever.
#include "../preload/shim.h"

#include <arpa/inet.h>
#include <errno.h>

// Read from the file by the manager, to know this library when it sees one.
__attribute__((aligned(1))) PR_EXPORT extern const char portreserve_share[];
PR_EXPORT const char portreserve_share[] = "portreserve-share " PR_VERSION " table 1";

static long call_bind(int fd, const struct sockaddr *address, socklen_t length)
{
#ifdef SYS_socketcall
    const long arguments[] = {fd, (long)address, (long)length};

    return pr_call3(SYS_socketcall, 2, (long)arguments, 0);
#else
    return pr_call3(SYS_bind, fd, (long)address, (long)length);
#endif
}

static void set_shared(int fd)
{
    static const int on = 1;
#ifdef SYS_socketcall
    const long arguments[] = {fd, SOL_SOCKET, SO_REUSEADDR, (long)&on, sizeof on};

    pr_call3(SYS_socketcall, 14, (long)arguments, 0);
#else
    pr_call5(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, (long)&on, sizeof on);
#endif
}

// For what the socket speaks, as a protocol of the table; 0 for what is neither TCP nor UDP.
static unsigned protocol_of(int fd)
{
    int protocol = -1;
    socklen_t length = sizeof protocol;

    pr_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
    return protocol == IPPROTO_TCP ? PR_TABLE_TCP : protocol == IPPROTO_UDP ? PR_TABLE_UDP : 0;
}

static bool is_reserved(unsigned port, unsigned protocol)
{
    struct pr_reservations reservations;

    pr_reservations_acquire(&reservations);
    pr_reservations_revalidate(&reservations);
    const unsigned reserved = reservations.bits ? pr_table_lookup(reservations.bits, port) : 0;
    pr_reservations_release(&reservations);
    return reserved & protocol;
}

PR_EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    if (address && length >= sizeof(struct sockaddr_in) &&
        (address->sa_family == AF_INET || address->sa_family == AF_INET6)) {
        const unsigned port = ntohs(((const struct sockaddr_in *)address)->sin_port);

        if (port != 0 && port < PR_TABLE_PORTS && is_reserved(port, protocol_of(fd)))
            set_shared(fd);
    }
    const long result = call_bind(fd, address, length);

    if (!pr_failed(result))
        return 0;
    errno = (int)-result;
    return -1;
}
