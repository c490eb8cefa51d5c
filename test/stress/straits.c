// straits SYMBOL STEP...: calls the allocator where a program has made life hard for its libraries.
//
//   call                 prints the port it got, or the error
//   down                 rresvport_af() from 631 down: the same, and *alport
//   kind:PROTOCOL        sockets of this protocol from here on: tcp, sctp, dccp, udplite, mptcp, smc
//   nofiles  files       no descriptor is free from here on; some are again
//   noroom               the address space may not grow any more
//   refuse:CALL          a seccomp filter: this system call fails with EPERM
//   nosys:CALL           the same with ENOSYS
//   trap:CALL            it raises SIGSYS, whose handler has it fail with EPERM
//   kill:CALL            it ends the program
//   trapped              prints how often the handler was called
//   root:FOLDER          chroot()
//   retire               marks the table retired, through a descriptor from the start
//   newtable             replaces the table as the manager does
//   open:MOST            opens descriptors until all below the number MOST are taken
//   close                closes every number above 2, without looking
//   count                prints how many descriptors are open
//   wait:FILE            until there is such a file
//   vfork:TIMES          children of vfork() that call it, while threads do too
#include "../preload/surroundings.h"
#include "filter.h"
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROTOCOL_MPTCP = 262, FAMILY_SMC = 43 }; // older headers lack them

static const struct kind {
    const char *name;
    int family, type, protocol;
} kinds[] = {
    {"tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP},      {"sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP},
    {"dccp", AF_INET, SOCK_DCCP, IPPROTO_DCCP},      {"udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
    {"mptcp", AF_INET, SOCK_STREAM, PROTOCOL_MPTCP}, {"smc", FAMILY_SMC, SOCK_STREAM, 0},
};

enum { SPARE = 8, THREADS = 4, RESERVED = 1, FAILED = 2 };

static const char *symbol;
static const struct kind *kind; // none: UDP
static int spare[SPARE], used;  // sockets from the start, for where no more are to be had
static int table;
static char mark[24];
static atomic_bool done;

static const char *name_of(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "?";
}

static void say(int port)
{
    if (port < 0)
        printf("%s", name_of(-port));
    else
        printf("%d", port);
    printf("%s\n", errno_changed ? " errno-changed" : "");
    errno_changed = 0;
}

static void choose_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            kind = &kinds[i];
    if (!kind)
        exit(9);
}

static int take_of_kind(void)
{
    const int fd = socket(kind->family, kind->type | SOCK_CLOEXEC, kind->protocol);
    const int port = fd < 0 ? -errno : take_with(symbol, fd);

    close(fd);
    return port;
}

static int call(void)
{
    return kind ? take_of_kind() : used < SPARE ? take_with(symbol, spare[used++]) : take(symbol);
}

static void call_down(void)
{
    int alport = 631;
    const int fd = rresvport_af(&alport, AF_INET);

    printf("%s alport=%d\n", fd < 0 ? name_of(errno) : "got", alport);
}

static void open_up_to(int most)
{
    const int null = open("/dev/null", O_RDONLY);
    struct rlimit limits;

    getrlimit(RLIMIT_NOFILE, &limits);
    if (limits.rlim_max < (rlim_t)most)
        limits.rlim_max = (rlim_t)most;
    limits.rlim_cur = (rlim_t)most;
    if (setrlimit(RLIMIT_NOFILE, &limits) != 0)
        perror("cannot raise the limit of descriptors");
    for (int fd = null; fd < most - 1;) {
        fd = dup(null);
        if (fd < 0)
            exit(9);
    }
}

static void close_blindly(void)
{
    for (int fd = 3; fd < sysconf(_SC_OPEN_MAX); fd++)
        close(fd);
    used = SPARE;
}

static void *call_until_done(void *counts)
{
    while (!done) {
        const int port = take(symbol);
        ((atomic_int *)counts)[port < 0 ? FAILED : is_reserved(port) ? RESERVED : 0]++;
    }
    return NULL;
}

static void vfork_children(int times)
{
    static atomic_int counts[3];
    pthread_t threads[THREADS];
    volatile int died = 0;

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, call_until_done, counts);
    for (int i = 0; i < times; i++) {
        int status = 0;
        const pid_t child = vfork();

        if (child == 0) {
            const int port = take(symbol);
            counts[port < 0 ? FAILED : is_reserved(port) ? RESERVED : 0]++;
            _exit(0);
        }
        died += waitpid(child, &status, 0) != child || status != 0;
    }
    done = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%d died, %d failed, %s\n", died, counts[FAILED],
           counts[RESERVED] > 0 ? "some were reserved" : "none was reserved");
}

static void step(const char *text)
{
    const char *argument = strchr(text, ':') ? strchr(text, ':') + 1 : "";

    if (strcmp(text, "call") == 0)
        say(call());
    else if (strncmp(text, "kind:", 5) == 0)
        choose_kind(argument);
    else if (strcmp(text, "down") == 0)
        call_down();
    else if (strcmp(text, "nofiles") == 0)
        limit(RLIMIT_NOFILE, 0);
    else if (strcmp(text, "files") == 0)
        limit(RLIMIT_NOFILE, 4096);
    else if (strcmp(text, "noroom") == 0)
        limit(RLIMIT_AS, 0);
    else if (strncmp(text, "refuse:", 7) == 0)
        filter(argument, FAIL_WITH(EPERM));
    else if (strncmp(text, "nosys:", 6) == 0)
        filter(argument, FAIL_WITH(ENOSYS));
    else if (strncmp(text, "trap:", 5) == 0)
        trap(argument);
    else if (strcmp(text, "trapped") == 0)
        printf("%d trapped\n", times_trapped());
    else if (strncmp(text, "kill:", 5) == 0)
        filter(argument, KILL);
    else if (strncmp(text, "root:", 5) == 0) {
        if (chroot(argument) != 0 || chdir("/") != 0)
            exit(9);
    } else if (strcmp(text, "retire") == 0) {
        if (pwrite(table, mark, sizeof mark, 4096 - sizeof mark) != sizeof mark)
            exit(9);
    } else if (strcmp(text, "newtable") == 0)
        replace_table();
    else if (strncmp(text, "open:", 5) == 0)
        open_up_to(atoi(argument));
    else if (strcmp(text, "close") == 0)
        close_blindly();
    else if (strncmp(text, "wait:", 5) == 0)
        while (access(argument, F_OK) != 0)
            usleep(10000);
    else if (strcmp(text, "count") == 0)
        printf("%d open\n", open_descriptors());
    else if (strncmp(text, "vfork:", 6) == 0)
        vfork_children(atoi(argument));
    else
        exit(9);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static char buffer[1 << 16]; // so that printing needs no memory of its own under `noroom`

    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (argc < 3)
        return 9;
    symbol = argv[1];
    parse_reserved("631-633");
    const int retired = open("/etc/retired.mark", O_RDONLY);
    table = open("/etc/portreserve.table", O_WRONLY);
    if (read(retired, mark, sizeof mark) != sizeof mark)
        return 9;
    close(retired);
    for (int i = 0; i < SPARE; i++)
        spare[i] = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 2; i < argc; i++)
        step(argv[i]);
    return 0;
}
