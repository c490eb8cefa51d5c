// Runs commands in turn, A B C, B C A, ..., and prints for each run how long it took and how much memory it needed.
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMANDS = 16 };

static const char *const usage =
    "usage: turns [--pin] [--burst N] ROUNDS -- [NAME=VALUE...] COMMAND [ARGUMENT...] [-- [NAME=VALUE...] "
    "COMMAND...]...\n"
    "Prints lines INDEX NANOSECONDS KIB: which command (from 0), its time from posix_spawn() to its end, and its\n"
    "largest resident set. NAME=VALUE is added to the environment of that command alone. COMMAND is a path.\n"
    "With --burst, N of a command are started one after the other before any is waited for; the time is until the "
    "last\n"
    "one's end.\n"
    "What the commands print on standard output is thrown away; a command that fails ends the program.\n";

struct command {
    char **arguments;
    char **environment;
};

// A copy of the environment with `count` more at the end.
static char **environment_with(char **assignments, size_t count)
{
    size_t own = 0;

    while (environ[own])
        own++;
    char **const copy = calloc(own + count + 1, sizeof *copy);
    if (!copy)
        bench_fail("calloc");
    memcpy(copy, environ, own * sizeof *copy);
    memcpy(copy + own, assignments, count * sizeof *copy);
    return copy;
}

static void run(size_t index, const struct command *command, unsigned long burst,
                const posix_spawn_file_actions_t *files)
{
    struct rusage usage_of_child;
    pid_t pid;
    int status;
    long kibibytes = 0;

    const int64_t before = bench_now();
    for (unsigned long i = 0; i < burst; i++) {
        errno = posix_spawn(&pid, command->arguments[0], files, NULL, command->arguments, command->environment);
        if (errno != 0)
            bench_fail(command->arguments[0]);
    }
    for (unsigned long ended = 0; ended < burst; ended++) {
        while (wait4(-1, &status, 0, &usage_of_child) < 0)
            if (errno != EINTR)
                bench_fail("wait4");
        if (status != 0) {
            fprintf(stderr, "error: '%s' failed (wait status %#x)\n", command->arguments[0], (unsigned)status);
            exit(1);
        }
        if (usage_of_child.ru_maxrss > kibibytes)
            kibibytes = usage_of_child.ru_maxrss;
    }
    const int64_t after = bench_now();
    printf("%zu %lld %ld\n", index, (long long)(after - before), kibibytes);
}

int main(int argc, char **argv)
{
    static struct command commands[COMMANDS]; // what they own lasts as long as the program
    posix_spawn_file_actions_t files;
    size_t count = 0;
    int i = 1;

    if (i < argc && strcmp(argv[i], "--pin") == 0) {
        bench_pin();
        i++;
    }
    unsigned long burst = 1;
    if (i + 1 < argc && strcmp(argv[i], "--burst") == 0) {
        burst = strtoul(argv[i + 1], NULL, 10);
        i += 2;
    }
    const unsigned long rounds = i < argc ? strtoul(argv[i++], NULL, 10) : 0;
    while (i < argc && strcmp(argv[i], "--") == 0 && count < COMMANDS) {
        argv[i++] = NULL; // ends the command before
        char **const assignments = argv + i;
        while (i < argc && strchr(argv[i], '='))
            i++;
        commands[count].environment = environment_with(assignments, (size_t)(argv + i - assignments));
        commands[count++].arguments = argv + i;
        if (i == argc || strcmp(argv[i], "--") == 0)
            break;
        while (i < argc && strcmp(argv[i], "--") != 0)
            i++;
    }
    if (rounds == 0 || burst == 0 || count == 0 || i != argc || !commands[count - 1].arguments[0]) {
        fputs(usage, stderr);
        return 2;
    }

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    for (unsigned long round = 0; round < rounds; round++)
        for (size_t turn = 0; turn < count; turn++) {
            const size_t index = (round + turn) % count;
            run(index, &commands[index], burst, &files);
        }
    return 0;
}
