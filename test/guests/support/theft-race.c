// Restarts a service again and again, and counts how often it got its port: by itself, or by hold and release, as the
// portreserve daemon and portrelease did it.
// Arguments: `hold` or `alone`, how often, the port, and the service's command, which must end where it does not get
// its port.
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};

static int stream_socket(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return fd;
}

// The scheme that is no more: the port is held from boot on, and let go when the service says that it is about to
// start.
static int hold(void)
{
    const int fd = stream_socket();

    while (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0)
        usleep(100); // a boot before the thief's: in this one it may have the port for a moment
    return fd;
}

static void release(int fd)
{
    close(fd);
}

// Whether the service says something to a client before it ends.
static int serves(pid_t service)
{
    for (;;) {
        const int fd = stream_socket();
        char greeting;
        const int answered =
            connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 && read(fd, &greeting, 1) == 1;

        close(fd);
        if (answered)
            return 1;
        if (waitpid(service, NULL, WNOHANG) == service)
            return 0;
        usleep(100);
    }
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    const int holds = strcmp(argv[1], "hold") == 0, restarts = atoi(argv[2]);
    int served = 0;

    address.sin_port = htons((unsigned short)atoi(argv[3]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < restarts; i++) {
        pid_t service;

        if (holds)
            release(hold());
        if (posix_spawnp(&service, argv[4], NULL, NULL, argv + 4, environ) != 0)
            return 1;
        if (serves(service)) {
            served++;
            kill(service, SIGKILL);
            waitpid(service, NULL, 0);
        }
    }
    printf("{\"restarts\":%d,\"served\":%d}\n", restarts, served);
    return 0;
}
