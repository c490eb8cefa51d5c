// Puts two folders into each other's place without a break, and says "opened" whenever somebody has opened the file of
// this name that is in the second: `swap-places FOLDER SECOND NAME`. Says "ready" first.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    char name[256];
    char event[4096];
    const int watch = inotify_init1(IN_CLOEXEC);

    if (argc != 4)
        return 2;
    snprintf(name, sizeof name, "%s/%s", argv[2], argv[3]);
    if (inotify_add_watch(watch, name, IN_OPEN) < 0) {
        perror(name);
        return 1;
    }
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
    }
    puts("ready");
    fflush(stdout);
    while (read(watch, event, sizeof event) > 0) {
        puts("opened");
        fflush(stdout);
    }
    return 1;
}
