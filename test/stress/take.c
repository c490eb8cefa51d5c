// One call of an allocator by its name. What libc lacks is weak: a program asks for it only where it is loaded.
#include "take.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern int bindresvport_sa(int, struct sockaddr *) __attribute__((weak));
extern int gssrpc_bindresvport(int, struct sockaddr_in *) __attribute__((weak));
extern int gssrpc_bindresvport_sa(int, struct sockaddr *) __attribute__((weak));

enum { UNTOUCHED_ERRNO = 1234 };

atomic_long errno_changed;
int reserved_low, reserved_high;
_Thread_local int rresvport_start;

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static bool is_ipv6(const char *symbol)
{
    return symbol[strlen(symbol) - 1] == '6';
}

static int bound_port(int fd)
{
    union address address = {0};
    socklen_t length = sizeof address;

    return getsockname(fd, &address.any, &length) == 0 ? ntohs(address.in.sin_port) : -1;
}

static int take_down(const char *symbol)
{
    const int start = rresvport_start ? rresvport_start : reserved_low ? reserved_low + 1 : 631;
    int alport = start;
    const int family = is_ipv6(symbol) ? AF_INET6 : AF_INET;
    const int fd = strcmp(symbol, "rresvport") == 0 ? rresvport(&alport) : rresvport_af(&alport, (sa_family_t)family);

    if (fd < 0)
        return -errno;
    errno_changed += errno != UNTOUCHED_ERRNO;
    const int port = bound_port(fd);
    close(fd);
    return port == alport ? port : -1001;
}

int take_with(const char *symbol, int fd)
{
    union address address = {.any = {.sa_family = is_ipv6(symbol) ? AF_INET6 : AF_INET}};
    int result = -1;

    errno = UNTOUCHED_ERRNO;
    if (strncmp(symbol, "rresvport", 9) == 0)
        return take_down(symbol);
    if (strcmp(symbol, "bindresvport") == 0)
        result = bindresvport(fd, &address.in);
    else if (strncmp(symbol, "bindresvport_sa", 15) == 0 && bindresvport_sa)
        result = bindresvport_sa(fd, &address.any);
    else if (strcmp(symbol, "gssrpc_bindresvport") == 0 && gssrpc_bindresvport)
        result = gssrpc_bindresvport(fd, &address.in);
    else if (strncmp(symbol, "gssrpc_bindresvport_sa", 22) == 0 && gssrpc_bindresvport_sa)
        result = gssrpc_bindresvport_sa(fd, &address.any);
    else
        _exit(9);
    if (result != 0)
        return -errno;
    errno_changed += errno != UNTOUCHED_ERRNO;
    return ntohs(address.in.sin_port);
}

int take(const char *symbol)
{
    if (strncmp(symbol, "rresvport", 9) == 0)
        return take_with(symbol, -1);

    const int fd = socket(is_ipv6(symbol) ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1000;
    const int port = take_with(symbol, fd);
    close(fd);
    return port;
}

void parse_reserved(const char *range)
{
    if (sscanf(range, "%d-%d", &reserved_low, &reserved_high) != 2) {
        fprintf(stderr, "not a range of ports: %s\n", range);
        exit(9);
    }
}

bool is_reserved(int port)
{
    return port >= reserved_low && port <= reserved_high;
}
