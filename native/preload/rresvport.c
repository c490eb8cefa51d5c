// rresvport() and rresvport_af(): a new TCP socket bound to a privileged port, counting down from *alport as in glibc.
#include "shim.h"

#include <errno.h>

// Tries the ports from *alport down, round to 1023, until one can be had.
static int count_down(struct pr_search *search, int *alport)
{
    if (*alport < PR_PORT_LOW)
        *alport = PR_PORT_LOW;
    else if (*alport > PR_PORT_END)
        *alport = PR_PORT_END;

    const int start = *alport;
    do {
        const int result = pr_search_try(search, (unsigned)*alport);

        if (result == 0 || errno != EADDRINUSE)
            return result;
        *alport = *alport == PR_PORT_LOW ? PR_PORT_END : *alport - 1;
    } while (*alport != start);
    errno = EAGAIN;
    return -1;
}

static int allocate(int *alport, sa_family_t family)
{
    const int saved = errno;
    union pr_address address = {.in6 = {.sin6_family = family}};
    struct pr_reservations reservations;
    struct pr_search search = {.address = &address,
                               .length = pr_address_length(family),
                               .protocols = PR_TABLE_TCP,
                               .reservations = &reservations};

    if (search.length == 0) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    search.fd = pr_socket(family, SOCK_STREAM, 0);
    if (search.fd < 0) {
        errno = -search.fd;
        return -1;
    }
    pr_reservations_acquire(&reservations);
    const int result = count_down(&search, alport), failure = errno;
    pr_reservations_release(&reservations);

    if (result != 0)
        pr_call3(SYS_close, search.fd, 0, 0);
    errno = result == 0 ? saved : failure;
    return result == 0 ? search.fd : -1;
}

PR_EXPORT int rresvport_af(int *alport, sa_family_t family)
{
    return allocate(alport, family);
}

PR_EXPORT int rresvport(int *alport)
{
    return allocate(alport, AF_INET);
}
