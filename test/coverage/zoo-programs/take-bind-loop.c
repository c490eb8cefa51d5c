// Tries one port after the other with bind(), and calls no function that picks one.
#include "holder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int take(int *ret_socket)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);

    for (int port = 1023; port >= 512; port--) {
        address.sin_port = htons(port);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            *ret_socket = fd;
            return port;
        }
    }
    close(fd);
    return -1;
}
