// A bindresvport() of its own, as libtirpc has it: programs that carry the loop, and libraries built for another libc.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int bindresvport(int fd, struct sockaddr_in *address)
{
    for (int i = 0; i < 424; i++) {
        address->sin_port = htons((unsigned short)(600 + (getpid() + i) % 424));
        if (bind(fd, (struct sockaddr *)address, sizeof *address) == 0)
            return 0;
        if (errno != EADDRINUSE)
            return -1;
    }
    return -1;
}
