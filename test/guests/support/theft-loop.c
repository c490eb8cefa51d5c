// Allocates privileged ports without end, some at a time, as a host does that mounts, pings and asks all day. libtirpc
// begins with the same port each time, which the process id decides; glibc with the one after the last.
// At its end, on SIGTERM, it prints as JSON how many it got, and how many of them were WANTED. Nothing that it calls is
// newer than Debian 12.
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int bindresvport(int fd, struct sockaddr_in *address);

enum { AT_A_TIME = 64 };
static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

int main(void)
{
    unsigned long got = 0, hits = 0;
    int taken[AT_A_TIME];

    signal(SIGTERM, end);
    while (!ended) {
        for (int i = 0; i < AT_A_TIME; i++) {
            struct sockaddr_in address = {.sin_family = AF_INET};

            taken[i] = socket(AF_INET, SOCK_STREAM, 0);
            if (taken[i] < 0 || bindresvport(taken[i], &address) != 0) {
                perror("bindresvport");
                return 1;
            }
            got++;
            hits += ntohs(address.sin_port) == WANTED;
        }
        for (int i = 0; i < AT_A_TIME; i++)
            close(taken[i]);
    }
    printf("{\"got\":%lu,\"hits\":%lu}\n", got, hits);
    return 0;
}
