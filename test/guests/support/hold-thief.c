// Takes every privileged port that it can get, as soon as it can, and keeps each for a while: an allocator that never
// rests, and that no preload reaches, since it is linked statically. By glibc's bindresvport(), or by a loop of its own
// over IPv6 or UDP. At its end, on SIGTERM, it prints as JSON how many ports it got.
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int bindresvport(int fd, struct sockaddr_in *address);

enum { FIRST = 512, LAST = 1023, SLOTS = LAST - FIRST + 1, KEEP_MILLISECONDS = 300, NAP_MICROSECONDS = 2000 };

static struct {
    int fd;
    long long since;
} taken[SLOTS];
static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static long long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int bind_itself(int fd, int family, unsigned port)
{
    const struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    const struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};

    return family == AF_INET6 ? bind(fd, (const struct sockaddr *)&in6, sizeof in6)
                              : bind(fd, (const struct sockaddr *)&in, sizeof in);
}

int main(int argc, char **argv)
{
    const char *const how = argc > 1 ? argv[1] : "";
    const int family = strcmp(how, "tcp6") == 0 ? AF_INET6 : AF_INET;
    const int type = strcmp(how, "udp4") == 0 ? SOCK_DGRAM : SOCK_STREAM;
    const int by_libc = strcmp(how, "tcp4") == 0;
    const struct rlimit files = {4 * SLOTS, 4 * SLOTS};
    unsigned long got = 0;

    if (!by_libc && family == AF_INET && type == SOCK_STREAM) {
        fputs("usage: hold-thief tcp4|tcp6|udp4\n", stderr);
        return 2;
    }
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGTERM, end);
    for (int i = 0; i < SLOTS; i++)
        taken[i].fd = -1;
    while (!ended) {
        const long long time = now();
        int full = 0;

        for (int i = 0; i < SLOTS; i++)
            if (taken[i].fd >= 0 && time - taken[i].since > KEEP_MILLISECONDS) {
                close(taken[i].fd);
                taken[i].fd = -1;
            }
        for (int i = 0; i < SLOTS && !full; i++) {
            if (taken[i].fd >= 0)
                continue;
            struct sockaddr_in address = {.sin_family = AF_INET};
            const int fd = socket(family, type, 0);

            if (fd < 0) {
                perror("socket");
                return 1;
            }
            if ((by_libc ? bindresvport(fd, &address) : bind_itself(fd, family, (unsigned)(FIRST + i))) == 0) {
                taken[i].fd = fd;
                taken[i].since = time;
                got++;
            } else {
                close(fd);
                // libc has tried all of them.
                full = by_libc;
            }
        }
        usleep(NAP_MICROSECONDS);
    }
    printf("{\"got\":%lu}\n", got);
    return 0;
}
