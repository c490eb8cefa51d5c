// Runs a script of steps against whichever allocator is loaded (glibc's, libtirpc's or the shim's) and prints what it
// did in words that can be compared: one per step that has a result.
//
//   tcp udp tcp6 udp6 mptcp unix file none   make this the current descriptor (none: -1)
//   busy:PORT  free:PORT               occupy a port (IPv4 wildcard, UDP and TCP), or let it go
//   bound:PORT                         bind the current socket itself first
//   nocap                              drop CAP_NET_BIND_SERVICE
//   noroom  nofiles  nomap             from here on mmap() fails, or open(), or mmap() of a file
//   repeat:N                           call it N times, and say whether the address space grew by more than 64 KiB
//   newtable                           retire the table and put /etc/next.table in its place, without a child
//   sh:COMMAND                         run a shell command, to change the table under this process
//   null | any[:PORT] | loopback[:PORT] | elsewhere[:PORT] | any6[:PORT] | unixaddress
//                                      call the allocator with that address (none at all, 0.0.0.0, 127.0.0.1, ...)
//   fill                               call it with new sockets like the current one until it fails; ports as ranges
//   again:PORT                         close the socket that has this port
//   down:PORT  down6:PORT  downunix:PORT   rresvport_af() with this *alport
//   downfill:PORT                      rresvport_af() until it fails
#include "answers.h"
#include "surroundings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern int bindresvport_sa(int, struct sockaddr *) __attribute__((weak));
extern int gssrpc_bindresvport(int, struct sockaddr_in *) __attribute__((weak));
extern int gssrpc_bindresvport_sa(int, struct sockaddr *) __attribute__((weak));

enum { UNTOUCHED_BYTE = 0xa5 };

static const char *symbol;
static int current = -1, domain, type;
static int holders[65536][2], owners[65536];

static int call(int fd, void *address)
{
    if (strcmp(symbol, "bindresvport") == 0)
        return bindresvport(fd, address);
    if (strcmp(symbol, "bindresvport_sa") == 0 && bindresvport_sa)
        return bindresvport_sa(fd, address);
    if (strcmp(symbol, "gssrpc_bindresvport") == 0 && gssrpc_bindresvport)
        return gssrpc_bindresvport(fd, address);
    if (strcmp(symbol, "gssrpc_bindresvport_sa") == 0 && gssrpc_bindresvport_sa)
        return gssrpc_bindresvport_sa(fd, address);
    printf("no such symbol\n");
    exit(3);
}

static void make_socket(int new_domain, int new_type)
{
    domain = new_domain;
    type = new_type;
    current = socket(domain, type, 0);
}

static void occupy(int port)
{
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        holders[port][i] = socket(AF_INET, i ? SOCK_DGRAM : SOCK_STREAM, 0);
        if (bind(holders[port][i], (struct sockaddr *)&address, sizeof address) != 0) {
            perror("cannot occupy a port");
            exit(3);
        }
    }
}

static void call_with(const char *kind, int port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        unsigned char bytes[128];
    } address = {0};
    void *given = &address;

    if (strcmp(kind, "null") == 0) {
        given = NULL;
    } else if (strcmp(kind, "unixaddress") == 0) {
        memset(&address, UNTOUCHED_BYTE, sizeof address);
        address.any.sa_family = AF_UNIX;
    } else if (strcmp(kind, "any6") == 0) {
        address.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    } else {
        address.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        if (strcmp(kind, "loopback") == 0)
            address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (strcmp(kind, "elsewhere") == 0)
            inet_pton(AF_INET, "192.0.2.1", &address.in.sin_addr);
    }
    errno = UNTOUCHED_ERRNO;
    const int result = call(current, given);
    const int error = errno;

    report(result, error, current, !given || address.any.sa_family == AF_UNIX ? -1 : ntohs(address.in.sin_port));
    if (strcmp(kind, "unixaddress") == 0)
        for (size_t i = sizeof address.any.sa_family; i < sizeof address; i++)
            if (address.bytes[i] != UNTOUCHED_BYTE) {
                printf("address changed\n");
                break;
            }
}

static void fill(void)
{
    int ports[2048], count = 0;

    for (;;) {
        struct sockaddr_in in = {.sin_family = AF_INET};
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
        const int fd = socket(domain, type, 0);
        if (call(fd, domain == AF_INET ? (void *)&in : (void *)&in6) != 0) {
            const int error = errno;
            close(fd);
            print_ranges(ports, count, 1);
            printf(" then %s\n", name_of(error));
            return;
        }
        ports[count] = ntohs(domain == AF_INET ? in.sin_port : in6.sin6_port);
        owners[ports[count++]] = fd;
    }
}

static void repeat(int times)
{
    const long before = address_space();
    int failures = 0;

    for (int i = 0; i < times; i++) {
        const int fd = socket(domain, type, 0);
        failures += call(fd, NULL) != 0;
        close(fd);
    }
    printf("%d calls, %d failed, address space %s\n", times, failures, address_space() - before > 16 ? "grew" : "kept");
}

static void call_down(int port, int family)
{
    int alport = port;
    const int before = open_descriptors();
    errno = UNTOUCHED_ERRNO;
    const int fd = strcmp(symbol, "rresvport") == 0 ? rresvport(&alport) : rresvport_af(&alport, (sa_family_t)family);
    const int error = errno;

    report(fd < 0 ? -1 : 0, error, fd, -1);
    printf("alport=%d%s\n", alport, fd < 0 && open_descriptors() != before ? " descriptor leaked" : "");
}

static void fill_down(int port)
{
    int ports[2048], count = 0, alport = port;

    while (rresvport_af(&alport, AF_INET) >= 0)
        ports[count++] = alport;
    const int error = errno;
    print_ranges(ports, count, -1);
    printf(" then %s alport=%d\n", name_of(error), alport);
}

static void step(const char *text)
{
    char word[32];
    int port = 0;

    if (strncmp(text, "sh:", 3) == 0) {
        if (system(text + 3) != 0)
            exit(2);
        return;
    }
    if (sscanf(text, "%31[^:]:%d", word, &port) < 1)
        exit(2);
    if (strcmp(word, "tcp") == 0 || strcmp(word, "tcp6") == 0)
        make_socket(word[3] ? AF_INET6 : AF_INET, SOCK_STREAM);
    else if (strcmp(word, "udp") == 0 || strcmp(word, "udp6") == 0)
        make_socket(word[3] ? AF_INET6 : AF_INET, SOCK_DGRAM);
    else if (strcmp(word, "mptcp") == 0)
        current = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    else if (strcmp(word, "unix") == 0)
        make_socket(AF_UNIX, SOCK_STREAM);
    else if (strcmp(word, "file") == 0)
        current = open("/dev/null", O_RDWR);
    else if (strcmp(word, "none") == 0)
        current = -1;
    else if (strcmp(word, "busy") == 0)
        occupy(port);
    else if (strcmp(word, "free") == 0)
        close(holders[port][0]), close(holders[port][1]);
    else if (strcmp(word, "again") == 0)
        close(owners[port]);
    else if (strcmp(word, "bound") == 0) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        if (bind(current, (struct sockaddr *)&in, sizeof in) != 0)
            exit(3);
    } else if (strcmp(word, "nocap") == 0)
        drop_capability();
    else if (strcmp(word, "noroom") == 0)
        limit(RLIMIT_AS, 0);
    else if (strcmp(word, "nofiles") == 0)
        limit(RLIMIT_NOFILE, 0);
    else if (strcmp(word, "nomap") == 0)
        refuse_file_mappings();
    else if (strcmp(word, "newtable") == 0)
        replace_table();
    else if (strcmp(word, "repeat") == 0)
        repeat(port);
    else if (strcmp(word, "fill") == 0)
        fill();
    else if (strcmp(word, "down") == 0)
        call_down(port, AF_INET);
    else if (strcmp(word, "down6") == 0)
        call_down(port, AF_INET6);
    else if (strcmp(word, "downunix") == 0)
        call_down(port, AF_UNIX);
    else if (strcmp(word, "downfill") == 0)
        fill_down(port);
    else
        call_with(word, port);
}

int main(int argc, char **argv)
{
    static char buffer[1 << 16]; // so that printing needs no memory of its own under `noroom`

    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    limit(RLIMIT_NOFILE, 4096);
    symbol = argv[1];
    for (int i = 2; i < argc; i++)
        step(argv[i]);
    return 0;
}
