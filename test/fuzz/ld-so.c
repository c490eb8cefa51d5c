// Asks ld.so what it makes of preload lists: for each on standard input (length, four bytes of this machine's order,
// and the list) it starts a program with that list, and writes what it says on its standard error, in the same form.
// For `unshare --mount`: the list is that of a /etc of this process's own.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 1 << 20 };

static void fail(const char *what)
{
    fprintf(stderr, "error: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_list(const char *bytes, size_t length)
{
    const int fd = open("/etc/ld.so.preload", O_CREAT | O_TRUNC | O_WRONLY, 0644);

    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
        fail("/etc/ld.so.preload");
    close(fd);
}

// Starts this very program, whose first argument makes it end at once.
static size_t said_at_start(char *self, char *ret_said)
{
    char *const arguments[] = {self, "end", NULL}, *const environment[] = {NULL};
    posix_spawn_file_actions_t files;
    size_t length = 0;
    int ends[2], status;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe2");
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
    errno = posix_spawn(&pid, "/proc/self/exe", &files, NULL, arguments, environment);
    if (errno != 0)
        fail("posix_spawn");
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], ret_said + length, MOST - length)) > 0;)
        length += (size_t)got;
    close(ends[0]);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail("the program did not end well");
    return length;
}

int main(int argc, char **argv)
{
    static char list[MOST], said[MOST];
    uint32_t length;

    if (argc > 1)
        return 0;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("none", "/etc", "tmpfs", 0, NULL) != 0)
        fail("a /etc of its own");
    while (fread(&length, sizeof length, 1, stdin) == 1) {
        if (length > MOST || fread(list, 1, length, stdin) != length)
            fail("standard input");
        write_list(list, length);
        const uint32_t answer = (uint32_t)said_at_start(argv[0], said);
        if (fwrite(&answer, sizeof answer, 1, stdout) != 1 || fwrite(said, 1, answer, stdout) != answer)
            fail("standard output");
    }
    return fclose(stdout) != 0;
}
