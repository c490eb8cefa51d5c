// Has libtirpc open its sockets, which it loads while it runs, as plugins do; MODE is that of dlopen().
#include "holder.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>

typedef void *create(struct sockaddr_in *, unsigned long, unsigned long, struct timeval, int *, unsigned, unsigned);

int take(int *ret_socket)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(111), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    void *const library = dlopen("libtirpc.so.3", MODE);
    create *const client = library ? (create *)dlsym(library, "clntudp_bufcreate") : NULL;
    socklen_t length = sizeof address;

    *ret_socket = -1;
    if (!client || !client(&address, 100000, 2, (struct timeval){1, 0}, ret_socket, 8192, 8192))
        return -1;
    return getsockname(*ret_socket, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : -1;
}
