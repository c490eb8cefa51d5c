// Has libtirpc open its sockets, which it loads while it runs, as plugins do. OPEN(NAME) loads it: before the first
// port is asked for, or with EARLY when the program starts.
#include "holder.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>

typedef void *create(struct sockaddr_in *, unsigned long, unsigned long, struct timeval, int *, unsigned, unsigned);

static create *client(void)
{
    // Once: a process has only a few namespaces for dlmopen().
    static void *library;

    if (!library)
        library = OPEN("libtirpc.so.3");
    return library ? (create *)dlsym(library, "clntudp_bufcreate") : NULL;
}

int take(int *ret_socket)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(111), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    create *const by_library = client();
    socklen_t length = sizeof address;

    *ret_socket = -1;
    if (!by_library || !by_library(&address, 100000, 2, (struct timeval){1, 0}, ret_socket, 8192, 8192))
        return -1;
    return getsockname(*ret_socket, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : -1;
}
