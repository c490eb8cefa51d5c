// An owner that sets no option of its sockets: has a port with both protocols, on every address, and tells systemd once
// it has. Whoever connects or sends a datagram is answered "served". Without the port it ends with status 1.
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int bound(int type, in_port_t port)
{
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) {
        fprintf(stderr, "port %u: %s\n", port, strerror(errno));
        exit(1);
    }
    return fd;
}

static void notify(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *name = getenv("NOTIFY_SOCKET");
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    if (name == NULL || strlen(name) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, name, strlen(name));
    const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    if (sendto(fd, "READY=1", 7, 0, (const struct sockaddr *)&to, length) < 0)
        exit(1);
    close(fd);
}

int main(int argc, char **argv)
{
    const in_port_t port = (in_port_t)(argc > 1 ? atoi(argv[1]) : 0);
    struct pollfd wait[] = {{.fd = bound(SOCK_STREAM, port), .events = POLLIN},
                            {.fd = bound(SOCK_DGRAM, port), .events = POLLIN}};

    if (listen(wait[0].fd, 8) != 0)
        return 1;
    notify();
    while (poll(wait, 2, -1) > 0) {
        struct sockaddr_in6 from;
        socklen_t length = sizeof from;
        char line[64];

        if (wait[0].revents) {
            const int fd = accept(wait[0].fd, NULL, NULL);

            if (fd >= 0 && read(fd, line, sizeof line) >= 0 && write(fd, "served\n", 7) < 0)
                return 1;
            // The client closes first: what remembers the connection then is not on this port.
            while (read(fd, line, sizeof line) > 0)
                ;
            close(fd);
        }
        if (wait[1].revents && recvfrom(wait[1].fd, line, sizeof line, 0, (struct sockaddr *)&from, &length) >= 0 &&
            sendto(wait[1].fd, "served\n", 7, 0, (const struct sockaddr *)&from, length) < 0)
            return 1;
    }
    return 1;
}
