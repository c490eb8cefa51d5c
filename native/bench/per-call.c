// Measures one implementation of bindresvport() call by call: socket(), the call, close(), of which only the call
// counts.
#include "allocators.h"
#include "bench.h"
#include "count-binds.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT
#endif

enum { TIMER_CALLS = 1000, MOST_SAMPLES = 100000 };

static const char *const usage =
    "usage: per-call nothing|bind|glibc|shim|LIBRARY\n"
    "       per-call [--lap N | --count | --callgrind] nothing|bind|glibc|shim|LIBRARY udp|tcp 4|6 null|zeroed CALLS "
    "PORT...\n"
    "The first form says whether the implementation is there (status 3 where it is not) and from which file it comes;\n"
    "LIBRARY is the file name of one that has its own. The second makes CALLS calls and prints FIRST MEDIAN TIMER: "
    "the\n"
    "first call's time, the median of the others and the cost of reading the clock twice, which the first two do not\n"
    "include, all in nanoseconds. PORTs are free: bind() gets them in turn.\n"
    "With --lap N, the median is that of the averages of N calls each. With --count it prints BINDS CALLS, how many\n"
    "bind() system calls that many calls made. With --callgrind nothing is timed: under callgrind, with\n"
    "--collect-atstart=no, the calls but for the first one are collected.\n"
    "The shim is what LD_PRELOAD names; it must be there for 'shim', and must not be for anything else.\n";

static int family;

// libc's own clock, also where a library is preloaded that wraps clock_gettime().
static int (*read_clock)(clockid_t, struct timespec *);

static int64_t now(void)
{
    struct timespec time;

    read_clock(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int new_socket(int type)
{
    const int fd = socket(family, type, 0);

    if (fd < 0)
        bench_fail("socket");
    return fd;
}

// One call on a socket of its own; returns its nanoseconds.
static int64_t timed(allocator *call, int type, bool null)
{
    union address address = {.in6 = {.sin6_family = (sa_family_t)family}};
    const int fd = new_socket(type);
    struct sockaddr_in *const given = null ? NULL : &address.in;
    const int64_t before = now();
    const int result = call(fd, given);
    const int64_t after = now();

    if (result != 0)
        bench_fail("a call failed");
    close(fd);
    return after - before;
}

// As `timed`, but for callgrind.
static void collected(allocator *call, int type, bool null)
{
    union address address = {.in6 = {.sin6_family = (sa_family_t)family}};
    const int fd = new_socket(type);
    struct sockaddr_in *const given = null ? NULL : &address.in;

    CALLGRIND_TOGGLE_COLLECT;
    const int result = call(fd, given);
    CALLGRIND_TOGGLE_COLLECT;
    if (result != 0)
        bench_fail("a call failed");
    close(fd);
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
        const int64_t before = now();

        samples[i] = now() - before;
        close(fd);
    }
    return median(samples, TIMER_CALLS);
}

static void count_them(allocator *call, int type, bool null, size_t calls)
{
    if (count_binds_start() != 0) {
        fprintf(stderr, "bind() calls cannot be counted: %s\n", strerror(errno));
        exit(ALLOCATOR_UNAVAILABLE);
    }
    for (size_t i = 0; i < calls; i++)
        timed(call, type, null);
    printf("%lu %zu\n", count_binds_so_far(), calls);
}

static void time_them(allocator *call, int type, bool null, size_t calls, size_t lap)
{
    static int64_t samples[MOST_SAMPLES];
    const size_t count = calls / lap;

    if (count == 0 || count > MOST_SAMPLES) {
        fputs("error: too few or too many calls\n", stderr);
        exit(2);
    }
    const int64_t timer = timer_cost(type), first = timed(call, type, null);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < lap; j++)
            samples[i] += timed(call, type, null);
        samples[i] /= (int64_t)lap;
    }
    printf("%lld %lld %lld\n", (long long)(first - timer), (long long)(median(samples, count) - timer),
           (long long)timer);
}

int main(int argc, char **argv)
{
    const char *const mode = argc > 1 && argv[1][0] == '-' ? argv[1] : "";
    const bool laps = strcmp(mode, "--lap") == 0;
    const int options = *mode == '\0' ? 0 : laps ? 2 : 1;
    char **const arguments = argv + 1 + options;
    const int given = argc - 1 - options;

    if (given != 1 && given < 6) {
        fputs(usage, stderr);
        return 2;
    }
    allocator_look_up(allocator_library("libc.so.6"), "clock_gettime", &read_clock);
    allocator *const call = allocator_find(arguments[0]);
    if (given == 1) {
        Dl_info from;
        puts(dladdr((void *)call, &from) != 0 ? from.dli_fname : "");
        return 0;
    }

    const int type = strcmp(arguments[1], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
    const bool null = strcmp(arguments[3], "null") == 0;
    const size_t calls = strtoul(arguments[4], NULL, 10), lap = laps ? strtoul(argv[2], NULL, 10) : 1;
    family = strcmp(arguments[2], "6") == 0 ? AF_INET6 : AF_INET;
    allocator_set_ports(family, arguments + 5, (size_t)given - 5);

    bench_pin();
    if (strcmp(mode, "--count") == 0) {
        count_them(call, type, null, calls);
    } else if (strcmp(mode, "--callgrind") == 0) {
        timed(call, type, null);
        for (size_t i = 0; i < calls; i++)
            collected(call, type, null);
    } else {
        time_them(call, type, null, calls, lap == 0 ? 1 : lap);
    }
    return 0;
}
