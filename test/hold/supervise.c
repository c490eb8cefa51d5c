// A service manager for tests: starts a program with NOTIFY_SOCKET, and tells it to read its file again.
//   supervise ADDRESS RELOADS COMMAND [ARGUMENT…]     ADDRESS: a path, or @NAME
// Before each reload the file /etc/portreserve.hold becomes /etc/a or /etc/b in turn, where there are such. Shows the
// messages (the first 20), how many descriptors the program has after the first two reloads and after the last, and how
// it ended.
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN = 20 };

static int messages;

static int open_address(const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t size = strlen(text);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, text, size);
    if (text[0] == '@')
        address.sun_path[0] = '\0';
    if (bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) != 0) {
        perror(text);
        exit(1);
    }
    setenv("NOTIFY_SOCKET", text, 1);
    return fd;
}

// Shows messages up to one that begins so.
static void await(int fd, const char *beginning)
{
    char text[4096];
    ssize_t size;

    do {
        size = recv(fd, text, sizeof text - 1, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            exit(1);
        text[size] = '\0';
        for (char *end = strchr(text, '\n'); end; end = strchr(end, '\n'))
            *end = end[1] ? '|' : '\0';
        if (messages++ < SHOWN)
            puts(text);
    } while (strncmp(text, beginning, strlen(beginning)) != 0);
}

// Until it sleeps, and so has closed what it has told us through.
static void await_sleep(pid_t pid)
{
    char path[64], state = 'R';

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    while (state != 'S') {
        FILE *const file = fopen(path, "r");

        if (!file || fscanf(file, "%*d %*s %c", &state) != 1)
            exit(1);
        fclose(file);
        usleep(1000);
    }
}

static int descriptors(pid_t pid)
{
    char path[64];
    int count = 0;

    await_sleep(pid);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *const folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir(folder);
    return count;
}

static void swap(int to_b)
{
    if (access("/etc/a", F_OK) != 0)
        return;
    if (link(to_b ? "/etc/b" : "/etc/a", "/etc/next") != 0 || rename("/etc/next", "/etc/portreserve.hold") != 0)
        exit(1);
}

int main(int argc, char **argv)
{
    struct timespec before, after;
    int status, first = 0;

    if (argc < 4)
        return 2;
    const int fd = open_address(argv[1]), reloads = atoi(argv[2]);
    swap(0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    const pid_t pid = fork();
    if (pid == 0) {
        execv(argv[3], argv + 3);
        _exit(127);
    }
    await(fd, "READY=1");
    clock_gettime(CLOCK_MONOTONIC, &after);
    for (int i = 1; i <= reloads; i++) {
        swap(i % 2);
        kill(pid, SIGHUP);
        await(fd, "READY=1");
        if (i == 2)
            first = descriptors(pid);
    }
    if (reloads > 1)
        printf("descriptors %d %d\n", first, descriptors(pid));
    kill(pid, SIGTERM);
    await(fd, "STOPPING=1");
    waitpid(pid, &status, 0);
    printf("ended %d\n", status);
    fprintf(stderr, "ready after %ld us\n",
            (long)(after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000);
    return 0;
}
