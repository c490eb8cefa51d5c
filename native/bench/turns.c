// Runs commands in turn, A B C, B C A, ..., and prints for each run how long it took and how much memory it needed.
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { COMMANDS = 16 };

static const char *const usage =
    "usage: turns [--pin] ROUNDS -- [NAME=VALUE] COMMAND [ARGUMENT...] [-- [NAME=VALUE] COMMAND...]...\n"
    "Prints lines INDEX NANOSECONDS KIB: which command (from 0), its time from posix_spawn() to its end, and its\n"
    "largest resident set. NAME=VALUE is added to the environment of that command alone. COMMAND is a path.\n"
    "What the commands print on standard output is thrown away; a command that fails ends the program.\n";

struct command {
    char **arguments;
    char **environment;
};

// A copy of the environment with room for one more at the end.
static char **environment_with(char *assignment)
{
    size_t count = 0;

    while (environ[count])
        count++;
    char **const copy = calloc(count + 2, sizeof *copy);
    if (!copy)
        bench_fail("calloc");
    memcpy(copy, environ, count * sizeof *copy);
    copy[count] = assignment;
    return copy;
}

static void run(size_t index, const struct command *command, const posix_spawn_file_actions_t *files)
{
    struct rusage usage_of_child;
    pid_t pid;
    int status;

    const int64_t before = bench_now();
    errno = posix_spawn(&pid, command->arguments[0], files, NULL, command->arguments, command->environment);
    if (errno != 0)
        bench_fail(command->arguments[0]);
    while (wait4(pid, &status, 0, &usage_of_child) < 0)
        if (errno != EINTR)
            bench_fail("wait4");
    const int64_t after = bench_now();
    if (status != 0) {
        fprintf(stderr, "error: '%s' failed (wait status %#x)\n", command->arguments[0], (unsigned)status);
        exit(1);
    }
    printf("%zu %lld %ld\n", index, (long long)(after - before), usage_of_child.ru_maxrss);
}

int main(int argc, char **argv)
{
    struct command commands[COMMANDS];
    posix_spawn_file_actions_t files;
    size_t count = 0;
    int i = 1;

    if (i < argc && strcmp(argv[i], "--pin") == 0) {
        bench_pin();
        i++;
    }
    const unsigned long rounds = i < argc ? strtoul(argv[i++], NULL, 10) : 0;
    while (i < argc && strcmp(argv[i], "--") == 0 && count < COMMANDS) {
        argv[i++] = NULL; // ends the command before
        char *const assignment = i < argc && strchr(argv[i], '=') ? argv[i++] : NULL;
        commands[count].environment = environment_with(assignment);
        commands[count++].arguments = argv + i;
        if (i == argc || strcmp(argv[i], "--") == 0)
            break;
        while (i < argc && strcmp(argv[i], "--") != 0)
            i++;
    }
    if (rounds == 0 || count == 0 || i != argc || !commands[count - 1].arguments[0]) {
        fputs(usage, stderr);
        return 2;
    }

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    for (unsigned long round = 0; round < rounds; round++)
        for (size_t turn = 0; turn < count; turn++) {
            const size_t index = (round + turn) % count;
            run(index, &commands[index], &files);
        }
    return 0;
}
