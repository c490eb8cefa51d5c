// An owner of ports, or a client with ports of its own: says "ready" once it has all of them, and keeps them.
//   port-owner [share|alone] tcp|udp|from PORT…    "from": a TCP socket that connects from the port to 127.0.0.1:80
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    const int share = argc > 1 && strcmp(argv[1], "share") == 0;

    for (int i = 3; i < argc; i++) {
        const int is_udp = strcmp(argv[2], "udp") == 0;
        const int fd = socket(AF_INET, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[i]))};

        if (share && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &share, sizeof share) != 0)
            fail("setsockopt");
        if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
            fail("bind");
        if (strcmp(argv[2], "tcp") == 0 && listen(fd, 8) != 0)
            fail("listen");
        if (strcmp(argv[2], "from") == 0) {
            address.sin_port = htons(80);
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
                fail("connect");
        }
    }
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
