// Sockets from words, for tests: all of it here, so that each program of a test is one file to compile.
#ifndef MADE_H
#define MADE_H

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

static inline int set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value);
}

static inline socklen_t address_of(const char *text, const char *port, struct sockaddr_storage *ret)
{
    struct sockaddr_in *const four = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *const six = (struct sockaddr_in6 *)ret;

    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)atoi(port));
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
        abort();
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)atoi(port));
    return sizeof *six;
}

static inline int option_of(int fd, const char *word)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog drop = {.len = 1, .filter = nothing};

    if (strcmp(word, "reuse") == 0)
        return set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (strcmp(word, "reuseport") == 0)
        return set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (strcmp(word, "v6only") == 0)
        return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (strcmp(word, "broadcast") == 0)
        return set(fd, SOL_SOCKET, SO_BROADCAST, 1);
    if (strcmp(word, "nowhere") == 0)
        return set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, INT_MAX);
    if (strcmp(word, "drop") == 0)
        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &drop, sizeof drop);
    if (strncmp(word, "on=", 3) == 0)
        return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, word + 3, (socklen_t)strlen(word + 3) + 1);
    abort();
}

// tcp|udp ADDRESS PORT [reuse] [reuseport] [v6only] [broadcast] [nowhere] [drop] [on=INTERFACE], up to a NULL, as a
// socket of which `use`, bind() or connect(), was called; with errno set where that is -1.
static inline int made(char **words, int (*use)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_storage address;
    const socklen_t length = address_of(words[1], words[2], &address);
    const int fd = socket(address.ss_family, (words[0][0] == 't' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -1 : 0;

    for (char **word = words + 3; result == 0 && *word; word++)
        result = option_of(fd, *word);
    if (result == 0)
        result = use(fd, (struct sockaddr *)&address, length);
    if (result == 0)
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

#endif
