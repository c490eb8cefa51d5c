// Holds ports with real sockets until it is killed: PORT holds UDP and TCP, PORT/udp and PORT/tcp one of them. Prints
// 'ready' once all are bound.
#include "bench.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void hold(int type, long port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int fd = socket(AF_INET, type, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        bench_fail("a port cannot be held");
}

int main(int argc, char **argv)
{
    struct rlimit files;

    // Two sockets for each port are more than the usual soft limit allows.
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    for (int i = 1; i < argc; i++) {
        char *protocol;
        const long port = strtol(argv[i], &protocol, 10);

        if (strcmp(protocol, "/tcp") != 0)
            hold(SOCK_DGRAM, port);
        if (strcmp(protocol, "/udp") != 0)
            hold(SOCK_STREAM, port);
    }
    puts("ready");
    fclose(stdout);
    for (;;)
        pause();
}
