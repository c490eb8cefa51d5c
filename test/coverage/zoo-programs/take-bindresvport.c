// Calls bindresvport() itself.
#include "holder.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int bindresvport(int socket, struct sockaddr_in *address);

int take(int *ret_socket)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (bindresvport(fd, &address) != 0) {
        close(fd);
        return -1;
    }
    *ret_socket = fd;
    return ntohs(address.sin_port);
}
