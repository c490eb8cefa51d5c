// Asks libc for one privileged TCP port and prints it, and who it is while asking.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int bindresvport(int, struct sockaddr_in *);

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bindresvport(fd, &address) != 0) {
        printf("uid %d euid %d: %s\n", (int)getuid(), (int)geteuid(), strerror(errno));
        return 1;
    }
    printf("uid %d euid %d: %d\n", (int)getuid(), (int)geteuid(), ntohs(address.sin_port));
    return 0;
}
