// Starts a daemon again and again, each of several commands in turn, and prints how long it took until it said READY=1
// to its service manager, in nanoseconds from posix_spawn() on: lines INDEX NANOSECONDS.
#include "bench.h"

#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMANDS = 8 };

static void run(int notified, size_t index, char **command)
{
    char said[512];
    pid_t pid;

    const int64_t before = bench_now();
    errno = posix_spawn(&pid, command[0], NULL, NULL, command, environ);
    if (errno != 0)
        bench_fail(command[0]);
    for (;;) {
        const ssize_t length = recv(notified, said, sizeof said - 1, 0);

        if (length < 0)
            bench_fail("recv");
        said[length] = '\0';
        if (strstr(said, "READY=1"))
            break;
    }
    printf("%zu %lld\n", index, (long long)(bench_now() - before));
    if (kill(pid, SIGTERM) != 0 || waitpid(pid, NULL, 0) != pid)
        bench_fail("the daemon cannot be ended");
    while (recv(notified, said, sizeof said, MSG_DONTWAIT) >= 0)
        ;
}

int main(int argc, char **argv)
{
    const struct timeval patience = {.tv_sec = 10};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char **commands[COMMANDS];
    size_t count = 0;

    const unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    for (int i = 3; i < argc && count < COMMANDS; i++)
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL; // ends the command before
            commands[count++] = argv + i + 1;
        }
    if (rounds == 0 || count == 0 || strlen(argv[1]) >= sizeof address.sun_path) {
        fputs("usage: ready SOCKET ROUNDS -- COMMAND [ARGUMENT...] [-- COMMAND...]...\n", stderr);
        return 2;
    }
    const int notified = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    if (notified < 0 || bind(notified, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(notified, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setenv("NOTIFY_SOCKET", argv[1], 1) != 0)
        bench_fail(argv[1]);
    for (unsigned long round = 0; round < rounds; round++)
        for (size_t turn = 0; turn < count; turn++) {
            const size_t index = (round + turn) % count;

            run(notified, index, commands[index]);
        }
    return 0;
}
