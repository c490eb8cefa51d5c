// What an allocator did, in words that can be compared, for the steps of allocator.c.
#include "answers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char *name_of(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "?";
}

// The port of a bound socket, and its address as text.
static int where(int fd, char *text, size_t size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {0};
    socklen_t length = sizeof address;

    getsockname(fd, &address.any, &length);
    if (address.any.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &address.in6.sin6_addr, text, (socklen_t)size);
    else
        inet_ntop(AF_INET, &address.in.sin_addr, text, (socklen_t)size);
    return ntohs(address.in.sin_port);
}

void report(int result, int error, int fd, int sin)
{
    char text[INET6_ADDRSTRLEN] = "?";

    if (result != 0) {
        printf("%s", name_of(error));
    } else {
        const int port = where(fd, text, sizeof text);
        printf("%d@%s%s", port, text, error == UNTOUCHED_ERRNO ? "" : " errno-changed");
    }
    if (sin >= 0)
        printf(" sin=%d", sin);
    printf("\n");
}

void print_ranges(const int *ports, int count, int step)
{
    for (int i = 0; i < count;) {
        int j = i;
        while (j + 1 < count && ports[j + 1] == ports[j] + step)
            j++;
        printf(i == j ? "%s%d" : "%s%d-%d", i ? "," : "", ports[i], ports[j]);
        i = j + 1;
    }
}
