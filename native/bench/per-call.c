// Times one implementation of bindresvport() call by call: socket(), the call, close(), with only the call timed.
#include "bench.h"
#include "count-binds.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMER_CALLS = 2000, UNAVAILABLE = 3 };

typedef int allocator(int, struct sockaddr_in *);

static const char *const usage =
    "usage: per-call bind|glibc|libtirpc|shim\n"
    "       per-call [--count] bind|glibc|libtirpc|shim udp|tcp 4|6 null|zeroed CALLS PORT...\n"
    "The first form says whether the implementation is there (status 3 where it is not) and from which file it comes.\n"
    "The second makes CALLS calls and prints FIRST MEDIAN TIMER: the first call's time, the median of the others and\n"
    "the cost of reading the clock twice, which the first two do not include, all in nanoseconds. PORTs are free:\n"
    "bind() gets them in turn. With --count it prints BINDS CALLS, how many bind() system calls that many calls made.\n"
    "The shim is what LD_PRELOAD names; it must be there for 'shim', and must not be for anything else.\n";

static in_port_t *ports; // as the kernel wants them
static size_t port_count;
static int family;

// What a program does that knows a free port: the least that any allocator can cost.
static int bare_bind(int fd, struct sockaddr_in *unused)
{
    static size_t next;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {.in6 = {.sin6_family = (sa_family_t)family}};

    (void)unused;
    address.in.sin_port = ports[next];
    next = next + 1 < port_count ? next + 1 : 0;
    return bind(fd, &address.any, family == AF_INET ? sizeof address.in : sizeof address.in6);
}

static void unavailable(void)
{
    fprintf(stderr, "%s\n", dlerror());
    exit(UNAVAILABLE);
}

static allocator *find(const char *name)
{
    const bool preloaded = dlsym(RTLD_DEFAULT, "portreserve_shim") != NULL;
    void *library = RTLD_DEFAULT;
    allocator *function;

    if (preloaded != (strcmp(name, "shim") == 0)) {
        fprintf(stderr, "error: the shim is %s\n", preloaded ? "there" : "not there");
        exit(1);
    }
    if (strcmp(name, "bind") == 0)
        return bare_bind;
    if (strcmp(name, "libtirpc") == 0 && !(library = dlopen("libtirpc.so.3", RTLD_NOW)))
        unavailable();
    void *const symbol = dlsym(library, "bindresvport");
    if (!symbol)
        unavailable();
    memcpy(&function, &symbol, sizeof function); // C has no conversion from an object's address to a function's
    return function;
}

static int new_socket(int type)
{
    const int fd = socket(family, type, 0);

    if (fd < 0)
        bench_fail("socket");
    return fd;
}

static int64_t timed(allocator *call, int type, bool null)
{
    union {
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {.in6 = {.sin6_family = (sa_family_t)family}};
    const int fd = new_socket(type);
    struct sockaddr_in *const given = null ? NULL : &address.in;
    const int64_t before = bench_now();
    const int result = call(fd, given);
    const int64_t after = bench_now();

    if (result != 0)
        bench_fail("a call failed");
    close(fd);
    return after - before;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t median(int64_t *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, ascending);
    return samples[count / 2];
}

// Measured between the same socket() and close(), so that the caches are in the same state.
static int64_t timer_cost(int type)
{
    int64_t samples[TIMER_CALLS];

    for (size_t i = 0; i < TIMER_CALLS; i++) {
        const int fd = new_socket(type);
        const int64_t before = bench_now();

        samples[i] = bench_now() - before;
        close(fd);
    }
    return median(samples, TIMER_CALLS);
}

static void count_them(allocator *call, int type, bool null, size_t calls)
{
    if (count_binds_start() != 0) {
        fprintf(stderr, "bind() calls cannot be counted: %s\n", strerror(errno));
        exit(UNAVAILABLE);
    }
    for (size_t i = 0; i < calls; i++)
        timed(call, type, null);
    printf("%lu %zu\n", count_binds_so_far(), calls);
}

int main(int argc, char **argv)
{
    const bool count = argc > 1 && strcmp(argv[1], "--count") == 0;
    char **const arguments = argv + (count ? 2 : 1);
    const int given = argc - (count ? 2 : 1);

    if (given != 1 && given < 6) {
        fputs(usage, stderr);
        return 2;
    }
    allocator *const call = find(arguments[0]);
    if (given == 1) {
        Dl_info from;
        puts(dladdr((void *)call, &from) != 0 ? from.dli_fname : "");
        return 0;
    }

    const int type = strcmp(arguments[1], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
    const bool null = strcmp(arguments[3], "null") == 0;
    const size_t calls = strtoul(arguments[4], NULL, 10);
    family = strcmp(arguments[2], "6") == 0 ? AF_INET6 : AF_INET;
    port_count = (size_t)given - 5;
    ports = calloc(port_count, sizeof *ports);
    if (!ports)
        bench_fail("calloc");
    for (size_t i = 0; i < port_count; i++)
        ports[i] = htons((in_port_t)strtoul(arguments[5 + i], NULL, 10));

    bench_pin();
    if (count) {
        count_them(call, type, null, calls);
        return 0;
    }
    int64_t *const samples = calloc(calls, sizeof *samples);
    if (!samples || calls == 0)
        return 2;
    const int64_t timer = timer_cost(type), first = timed(call, type, null);
    for (size_t i = 0; i < calls; i++)
        samples[i] = timed(call, type, null);
    printf("%lld %lld %lld\n", (long long)(first - timer), (long long)(median(samples, calls) - timer),
           (long long)timer);
    return 0;
}
