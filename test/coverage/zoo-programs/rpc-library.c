// A small RPC library with a bindresvport() of its own, which it calls as libtirpc does; with PURE, only that.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int bindresvport(int socket, struct sockaddr_in *address);
int rpc_socket(int *ret_socket);

int bindresvport(int socket, struct sockaddr_in *address)
{
    for (int port = 600; port < 1024; port++) {
        address->sin_port = htons(port);
        if (bind(socket, (struct sockaddr *)address, sizeof *address) == 0)
            return 0;
    }
    return -1;
}

#ifndef PURE
int rpc_socket(int *ret_socket)
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
#endif
