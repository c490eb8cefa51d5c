// The shim's functions for services that need no privileged port: each gives a port that the kernel chooses, 1024 or
// above, so there is no table to look into and no right to have. The shim's rules hold here too (preload/shim.h), and
// its contract: what is asked for by number, in bindresvport_sa(), is bound as ever.
//
// Nothing tells this library from the shim but its file: no variable and no setting that a user could give a program of
// root's. Who preloads it for a program of their own gets what bind() to port 0 gives everybody.
#include "../preload/exported.h"

#include <arpa/inet.h>

_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
               "the port's place does not depend on the family");

// Read from the file by the manager, which knows by it that this one stands in the shim's place.
__attribute__((aligned(1))) PR_EXPORT extern const char portreserve_shim[];
PR_EXPORT const char portreserve_shim[] = "portreserve " PR_VERSION " high ports";

static socklen_t length_of(sa_family_t family)
{
    return family == AF_INET ? sizeof(struct sockaddr_in) : family == AF_INET6 ? sizeof(struct sockaddr_in6) : 0;
}

// Binds to the address with a port of the kernel's choice, which it leaves there. EADDRINUSE: there is none left.
static int bind_high(int fd, union pr_address *address, socklen_t length)
{
    address->in.sin_port = 0;
    if (bind(fd, &address->any, length) != 0)
        return -1;
    return getsockname(fd, &address->any, &length);
}

// The address is the caller's, or NULL: then it is the one that the socket has, of whichever family that is.
static int allocate(int fd, struct sockaddr *address, int unsupported, bool exact)
{
    const int saved = errno;
    union pr_address own = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t length = sizeof own;

    if (!address && getsockname(fd, &own.any, &length) != 0)
        return -1;
    length = length_of(address ? address->sa_family : own.any.sa_family);
    if (length == 0) {
        errno = unsupported;
        return -1;
    }
    if (address && length == sizeof own.in) // by kind: what copies any length would be asked of libc
        own.in = *(const struct sockaddr_in *)address;
    else if (address)
        own.in6 = *(const struct sockaddr_in6 *)address;
    const bool requested = exact && address && own.in.sin_port != 0;
    int result = requested ? bind(fd, address, length) : -1;
    if (!requested || (result != 0 && errno == EADDRINUSE))
        result = bind_high(fd, &own, length);
    if (result != 0)
        return -1;
    if (address)
        ((struct sockaddr_in *)address)->sin_port = own.in.sin_port;
    errno = saved;
    return 0;
}

// Where it starts to count says nothing: *alport is only written.
PR_EXPORT int rresvport_af(int *alport, sa_family_t family)
{
    const int saved = errno;
    union pr_address address = {.in6 = {.sin6_family = family}};
    const socklen_t length = length_of(family);

    if (length == 0) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    const int fd = pr_socket(family, SOCK_STREAM, 0);
    if (fd < 0) {
        errno = -fd;
        return -1;
    }
    if (bind_high(fd, &address, length) != 0) {
        const int failure = errno == EADDRINUSE ? EAGAIN : errno;

        pr_call3(SYS_close, fd, 0, 0);
        errno = failure;
        return -1;
    }
    *alport = ntohs(address.in.sin_port);
    errno = saved;
    return fd;
}

PR_EXPORT int rresvport(int *alport)
{
    return rresvport_af(alport, AF_INET);
}
