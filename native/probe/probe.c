// portreserve-probe: allocates privileged ports exactly as daemons do, and prints what it got as JSON lines.
// The tests, the demo and `portreservectl verify` take its word, so it never guesses: every line is a system's answer.
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

// errno's name; strerrorname_np() would ask for glibc 2.32.
static const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
        {EACCES, "EACCES"},
        {EADDRINUSE, "EADDRINUSE"},
        {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
        {EAFNOSUPPORT, "EAFNOSUPPORT"},
        {EAGAIN, "EAGAIN"},
        {EBADF, "EBADF"},
        {EINVAL, "EINVAL"},
        {EMFILE, "EMFILE"},
        {ENFILE, "ENFILE"},
        {ENOTSOCK, "ENOTSOCK"},
        {EPERM, "EPERM"},
        {EPFNOSUPPORT, "EPFNOSUPPORT"},
    };
    static char other[16];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    snprintf(other, sizeof other, "errno %d", error);
    return other;
}

// The port that `fd` is bound to, asked of the kernel.
static unsigned bound_port(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t length = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.sin6_port); // sin_port and sin6_port share their place
}

static int allocate_up(const struct options *options)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options->port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = in6.sin6_port};
    const int fd = socket(options->family, options->type, 0), one = 1;

    if (fd < 0)
        return -1;
    if (options->address == ADDRESS_LOOPBACK) {
        in6.sin6_addr = in6addr_loopback;
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    // So that IPv4 and IPv6 runs do not disturb each other.
    if (options->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    void *address = options->address == ADDRESS_NULL ? NULL : options->family == AF_INET6 ? (void *)&in6 : (void *)&in;
    const struct symbol *symbol = options->symbol;
    if ((symbol->in ? symbol->in(fd, address) : symbol->any(fd, address)) == 0)
        return fd;

    const int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

// Takes one port, says which, and returns 0 or the errno.
static int allocate(const struct options *options, int *down)
{
    const int fd =
        options->symbol->down ? options->symbol->down(down, (sa_family_t)options->family) : allocate_up(options);
    const int failure = fd < 0 ? errno : 0;

    if (fd < 0)
        printf("{\"error\":\"%s\"}\n", error_name(failure));
    else
        printf("{\"port\":%u}\n", bound_port(fd));
    fflush(stdout);
    return failure;
}

int main(int argc, char **argv)
{
    struct options options;

    read_options(argc, argv, &options);
    if (options.which) {
        print_providers();
        return 0;
    }
    if (!options.symbol->in && !options.symbol->any && !options.symbol->down) {
        fprintf(stderr, "portreserve-probe: error: nothing loaded has '%s'\n", options.symbol->name);
        return 3;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }

    int down = options.port ? (int)options.port : 1023, failure = 0;
    if (options.step) {
        for (int c; (c = getchar()) != EOF;)
            if (c == '\n')
                failure = allocate(&options, &down);
    } else if (options.count == 0) {
        while ((failure = allocate(&options, &down)) == 0)
            ;
        failure = failure == EADDRINUSE || failure == EAGAIN ? 0 : failure;
    } else {
        for (unsigned long i = 0; i < options.count && failure == 0; i++)
            failure = allocate(&options, &down);
    }
    while (options.hold)
        pause();
    return failure ? 1 : 0;
}
