// rresvport() and rresvport_af(): a new TCP socket bound to a privileged port, counting down from *alport as in glibc.
#include "shim.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

PR_EXPORT int rresvport_af(int *alport, sa_family_t family)
{
    const int saved = errno;
    union pr_address address = {.in6 = {.sin6_family = family}};
    struct pr_search search = {.address = &address, .length = pr_address_length(family), .protocols = PR_TABLE_TCP};

    if (search.length == 0) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    search.fd = socket(family, SOCK_STREAM, 0);
    if (search.fd < 0)
        return -1;
    pr_reservations_take(&search.reservations);

    if (*alport < PR_PORT_LOW)
        *alport = PR_PORT_LOW;
    else if (*alport > PR_PORT_END)
        *alport = PR_PORT_END;

    const int start = *alport;
    int failure = EAGAIN;
    do {
        if (!pr_reservations_hold(&search.reservations, (unsigned)*alport, search.fd, &search.protocols)) {
            if (pr_search_bind(&search, (unsigned)*alport) == 0) {
                errno = saved;
                return search.fd;
            }
            if (errno != EADDRINUSE) {
                failure = errno;
                break;
            }
        }
        *alport = *alport == PR_PORT_LOW ? PR_PORT_END : *alport - 1;
    } while (*alport != start);

    syscall(SYS_close, search.fd); // close() would be a cancellation point
    errno = failure;
    return -1;
}

PR_EXPORT int rresvport(int *alport)
{
    return rresvport_af(alport, AF_INET);
}
