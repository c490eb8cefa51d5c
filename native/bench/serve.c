// What an owner pays for its port: socket(), SO_REUSEADDR, bind() and, for TCP, listen(), over and over, of two ports
// in turn. Prints for each of them the median time of bind() and listen() in nanoseconds.
#include "bench.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS = 2 };

static int64_t serve(int type, long port)
{
    static const int on = 1;
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int fd = socket(AF_INET, type, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        bench_fail("socket");
    const int64_t before = bench_now();
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        bench_fail("bind");
    if (type == SOCK_STREAM && listen(fd, 8) != 0)
        bench_fail("listen");
    const int64_t after = bench_now();
    close(fd);
    return after - before;
}

static int compare(const void *a, const void *b)
{
    const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

int main(int argc, char **argv)
{
    const unsigned long calls = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
    const bool is_tcp = argc > 1 && strcmp(argv[1], "tcp") == 0;

    if (calls == 0 || (!is_tcp && strcmp(argv[1], "udp") != 0)) {
        fputs("usage: serve tcp|udp CALLS PORT PORT\n", stderr);
        return 2;
    }
    bench_pin();
    int64_t *const times = calloc(PORTS * calls, sizeof *times);
    if (!times)
        bench_fail("calloc");
    for (unsigned long i = 0; i < calls; i++)
        for (size_t turn = 0; turn < PORTS; turn++) {
            const size_t which = (i + turn) % PORTS;

            times[which * calls + i] = serve(is_tcp ? SOCK_STREAM : SOCK_DGRAM, strtol(argv[3 + which], NULL, 10));
        }
    for (size_t which = 0; which < PORTS; which++) {
        qsort(times + which * calls, calls, sizeof *times, compare);
        printf(which == 0 ? "%lld" : " %lld\n", (long long)times[which * calls + calls / 2]);
    }
    free(times);
    return 0;
}
