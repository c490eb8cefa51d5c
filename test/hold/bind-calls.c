// bind() in every way that a library before libc's must not change, and whether the socket had SO_REUSEADDR then: a
// line each.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void show(const char *what, int fd, const struct sockaddr *address, socklen_t length)
{
    int flag = -1;
    socklen_t size = sizeof flag;

    errno = 77;
    const int result = bind(fd, address, length);
    const int error = errno;
    getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &flag, &size);
    printf("%s: %d errno %d flag %d\n", what, result, error, flag);
    if (fd >= 0)
        close(fd);
}

int main(void)
{
    const struct {
        const char *what;
        int family, type, protocol, port;
    } rows[] = {{"tcp 631", AF_INET, SOCK_STREAM, 0, 631},
                {"udp 631", AF_INET, SOCK_DGRAM, 0, 631},
                {"tcp 631 over IPv6", AF_INET6, SOCK_STREAM, 0, 631},
                {"udp 631 over IPv6", AF_INET6, SOCK_DGRAM, 0, 631},
                {"tcp 632", AF_INET, SOCK_STREAM, 0, 632},
                {"tcp 1655", AF_INET, SOCK_STREAM, 0, 1655},
                {"tcp 0", AF_INET, SOCK_STREAM, 0, 0},
                {"raw 631", AF_INET, SOCK_RAW, IPPROTO_ICMP, 631}};
    const struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "\0test"};
    struct sockaddr_in6 address;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        address = (struct sockaddr_in6){.sin6_family = (sa_family_t)rows[i].family,
                                        .sin6_port = htons((uint16_t)rows[i].port)};
        show(rows[i].what, socket(rows[i].family, rows[i].type, rows[i].protocol), (struct sockaddr *)&address,
             rows[i].family == AF_INET ? sizeof(struct sockaddr_in) : sizeof address);
    }
    address = (struct sockaddr_in6){.sin6_family = AF_INET, .sin6_port = htons(631)};
    show("a path", socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr *)&local, sizeof(sa_family_t) + 5);
    show("no address", socket(AF_INET, SOCK_STREAM, 0), NULL, 16);
    show("no length", socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, 0);
    show("a short one", socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, 15);
    show("no descriptor", -1, (struct sockaddr *)&address, 16);
    show("no socket", dup(0), (struct sockaddr *)&address, 16);
    return 0;
}
