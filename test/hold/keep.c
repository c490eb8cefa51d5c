// A service manager with a descriptor store, for tests: starts a program again whenever it ends, with what it has
// given.
//   keep STATE [NAME SOCKET ,]… COMMAND [ARGUMENT…]
// STATE: a file, replaced at each READY=1, with the program's process and, a line each, the names of what is stored
// then NAME SOCKET: what is in the store at first, as made.h has it; SOCKET may end with 'listens' or 'joins', or be
// 'file' SIGTERM: ends the program, and then this one. On standard output: messages that are not as they must be.
// KEEP_SLOW: what is to be removed is so a tenth of a second after the program has asked whether it is, and that is
// told so then ("honest") or at once ("hasty").
#include "made.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 4096, NAMES = MOST * 256 };

static struct stored {
    int fd;
    char name[256];
} store[MOST];
static size_t count, removals;
static char removed[MOST][256];
static pid_t program;

static void drop(size_t at)
{
    close(store[at].fd);
    memmove(&store[at], &store[at + 1], (--count - at) * sizeof *store);
}

static void keep(int fd, const char *name)
{
    struct stat one, other;

    fstat(fd, &one);
    for (size_t i = 0; i < count; i++)
        if (fstat(store[i].fd, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev) {
            close(fd);
            return;
        }
    if (count == MOST) {
        puts("too many");
        close(fd);
        return;
    }
    store[count].fd = fd;
    snprintf(store[count++].name, sizeof store->name, "%s", name);
}

static void remove_all(const char *name)
{
    for (size_t i = count; i-- > 0;)
        if (strcmp(store[i].name, name) == 0)
            drop(i);
}

static void remove_late(void)
{
    if (removals > 0)
        usleep(100000);
    while (removals > 0)
        remove_all(removed[--removals]);
}

static void begin(char **command)
{
    static char names[NAMES];
    char number[16];
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += (size_t)sprintf(names + length, "%s%s", i ? ":" : "", store[i].name);
    program = fork();
    if (program != 0)
        return;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // First out of the way of one another, for which there may be too few.
    int high[MOST];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    const struct rlimit most = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &most);
    for (size_t i = 0; i < count; i++)
        high[i] = fcntl(store[i].fd, F_DUPFD_CLOEXEC, 3 + (int)count);
    for (size_t i = 0; i < count; i++)
        if (dup2(high[i], 3 + (int)i) < 0)
            _exit(126);
    setrlimit(RLIMIT_NOFILE, &limit);
    if (count > 0) {
        sprintf(number, "%d", (int)getpid());
        setenv("LISTEN_PID", number, 1);
        sprintf(number, "%zu", count);
        setenv("LISTEN_FDS", number, 1);
        setenv("LISTEN_FDNAMES", names, 1);
    }
    execv(command[0], command);
    _exit(127);
}

static void show(const char *path)
{
    char fresh[4096];

    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *const file = fopen(fresh, "w");
    fprintf(file, "%d\n", (int)program);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\n", store[i].name);
    fclose(file);
    rename(fresh, path);
}

static const char *value_of(const char *text, const char *name)
{
    static char value[256];
    const char *const found = strstr(text, name);

    value[0] = '\0';
    if (found)
        snprintf(value, sizeof value, "%.*s", (int)strcspn(found + strlen(name), "\n"), found + strlen(name));
    return value;
}

static void obey(int from, const char *state)
{
    char text[4096];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec words = {.iov_base = text, .iov_len = sizeof text - 1};
    struct msghdr header = {
        .msg_iov = &words, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    const ssize_t size = recvmsg(from, &header, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *const rights = CMSG_FIRSTHDR(&header);
    int fd = -1;

    if (size < 0)
        return;
    text[size] = '\0';
    if (rights)
        memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    const char *const name = value_of(text, "FDNAME="), *const slow = getenv("KEEP_SLOW");
    if (strstr(text, "FDSTORE=1")) {
        if (fd < 0 || strlen(name) == 0 || !strstr(text, "FDPOLL=0"))
            printf("not as it must be: %s\n", text);
        else
            keep(fd, name);
        return;
    }
    if (strstr(text, "FDSTOREREMOVE=1") && slow && removals < MOST)
        snprintf(removed[removals++], sizeof removed[0], "%s", name);
    else if (strstr(text, "FDSTOREREMOVE=1"))
        remove_all(name);
    if (fd >= 0 && slow && strcmp(slow, "hasty") == 0) {
        close(fd);
        fd = -1;
    }
    if (!strstr(text, "FDSTOREREMOVE=1"))
        remove_late();
    if (strstr(text, "READY=1"))
        show(state);
    if (fd >= 0)
        close(fd);
}

static char **hand_over(char **words)
{
    while (words[1] && words[1][0] != '-' && words[0][0] != '/') {
        char **end = words;
        int fd;

        while (strcmp(*end, ",") != 0)
            end++;
        char **const last = end - 1;
        const int listens = strcmp(*last, "listens") == 0;
        *(listens ? last : end) = NULL;
        fd = strcmp(words[1], "file") == 0 ? open("/dev/null", O_RDONLY) : made(words + 1, bind);
        if (fd < 0 || (listens && listen(fd, 5) != 0))
            perror(words[0]);
        keep(fd, words[0]);
        words = end + 1;
    }
    return words;
}

int main(int argc, char **argv)
{
    static const char place[] = "@portreserve-keep";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    sigset_t signals;
    int status, is_ending = 0;

    if (argc < 3)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    const int from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path + 1, place + 1, sizeof place - 2);
    if (bind(from, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof place - 1)))
        return 1;
    setenv("NOTIFY_SOCKET", place, 1);
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    const int pending = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    char **const command = hand_over(argv + 2);
    begin(command);
    for (;;) {
        struct pollfd ready[] = {{.fd = from, .events = POLLIN}, {.fd = pending, .events = POLLIN}};
        struct signalfd_siginfo signal;

        poll(ready, 2, -1);
        // What a program has said before it ended comes first, as with systemd.
        if (ready[0].revents) {
            obey(from, argv[1]);
            continue;
        }
        while (read(pending, &signal, sizeof signal) == sizeof signal)
            if (signal.ssi_signo == SIGTERM) {
                is_ending = 1;
                kill(program, SIGTERM);
            }
        if (waitpid(program, &status, WNOHANG) != program)
            continue;
        if (is_ending)
            return WEXITSTATUS(status);
        begin(command);
    }
}
