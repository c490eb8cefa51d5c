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

static int bound_port(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;

    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : -1;
}

static int take_down(const char *symbol)
{
    const int start = reserved_low ? reserved_low + 1 : 631;
    int alport = start;
    const int fd = strcmp(symbol, "rresvport") == 0 ? rresvport(&alport) : rresvport_af(&alport, AF_INET);

    if (fd < 0)
        return -errno;
    errno_changed += errno != UNTOUCHED_ERRNO;
    const int port = bound_port(fd);
    close(fd);
    return port == alport ? port : -1001;
}

int take_with(const char *symbol, int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int result = -1;

    errno = UNTOUCHED_ERRNO;
    if (strncmp(symbol, "rresvport", 9) == 0)
        return take_down(symbol);
    if (strcmp(symbol, "bindresvport") == 0)
        result = bindresvport(fd, &address);
    else if (strcmp(symbol, "bindresvport_sa") == 0 && bindresvport_sa)
        result = bindresvport_sa(fd, (struct sockaddr *)&address);
    else if (strcmp(symbol, "gssrpc_bindresvport") == 0 && gssrpc_bindresvport)
        result = gssrpc_bindresvport(fd, &address);
    else if (strcmp(symbol, "gssrpc_bindresvport_sa") == 0 && gssrpc_bindresvport_sa)
        result = gssrpc_bindresvport_sa(fd, (struct sockaddr *)&address);
    else
        _exit(9);
    if (result != 0)
        return -errno;
    errno_changed += errno != UNTOUCHED_ERRNO;
    return ntohs(address.sin_port);
}

int take(const char *symbol)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

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
