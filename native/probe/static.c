// portreserve-probe-static: takes a privileged port as a program does that no preload reaches, by a loop of its own on
// bind(), or one port as its owner does; and prints what it got as a JSON line, as portreserve-probe does.
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// As libc's bindresvport() begins and goes on.
enum { FIRST = 600, LAST = 1023 };

static int usage(void)
{
    fputs("usage: portreserve-probe-static tcp|udp any|PORT [share] [hold]\n"
          "any: a port from 600 on; share: with SO_REUSEADDR, as nearly every server; hold: keep it until killed\n",
          stderr);
    return 2;
}

static int bind_to(int fd, unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

static int bind_any(int fd)
{
    const unsigned count = LAST - FIRST + 1, start = (unsigned)getpid() % count;

    for (unsigned i = 0; i < count; i++)
        if (bind_to(fd, FIRST + (start + i) % count) == 0)
            return 0;
        else if (errno != EADDRINUSE)
            return -1;
    return -1;
}

// What the caller of portreserve-probe may be told too.
static const char *error_name(int error)
{
    return error == EADDRINUSE ? "EADDRINUSE" : error == EACCES ? "EACCES" : "another error";
}

int main(int argc, char **argv)
{
    static const int on = 1;
    const bool is_tcp = argc > 1 && strcmp(argv[1], "tcp") == 0;
    const unsigned long port = argc > 2 && strcmp(argv[2], "any") != 0 ? strtoul(argv[2], NULL, 10) : 0;
    bool share = false, hold = false;

    if (argc < 3 || (!is_tcp && strcmp(argv[1], "udp") != 0) || port > 65535)
        return usage();
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i], "share") == 0)
            share = true;
        else if (strcmp(argv[i], "hold") == 0)
            hold = true;
        else
            return usage();

    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    const int fd = socket(AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (fd < 0 || (share && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
        (port == 0 ? bind_any(fd) : bind_to(fd, (unsigned)port)) != 0 || (share && is_tcp && listen(fd, 8) != 0) ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        printf("{\"error\":\"%s\"}\n", error_name(errno));
        return 1;
    }
    printf("{\"port\":%u}\n", ntohs(address.sin_port));
    fflush(stdout);
    if (hold)
        for (;;)
            pause();
    return 0;
}
