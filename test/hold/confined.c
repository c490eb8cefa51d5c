// The holder's own rights and filter in a program that then tries what it must not: one line for each, before and
// after.
#include "../../native/hold/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *when, const char *what, long result)
{
    printf("%s %s: %s\n", when, what, result < 0 ? strerrorname_np(errno) : "ok");
}

static long started(void)
{
    const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (pid == 0)
        _exit(0);
    return pid;
}

static void try_all(const char *when)
{
    char *const nothing[] = {NULL};

    show(when, "start a process", started());
    show(when, "run a program", execve("/nonexistent", nothing, nothing));
    show(when, "trace", ptrace(PTRACE_CONT, getpid(), 0, 0));
    show(when, "send a signal", kill(getpid(), 0));
    show(when, "netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    show(when, "packets", socket(AF_PACKET, SOCK_RAW, 0));
    show(when, "listen", listen(socket(AF_INET, SOCK_STREAM, 0), 1));
    show(when, "connect", connect(socket(AF_INET, SOCK_DGRAM, 0), &(struct sockaddr){.sa_family = AF_UNSPEC}, 16));
    show(when, "map code", (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    show(when, "another root", chroot("/"));
    show(when, "a socket of IPv4", socket(AF_INET, SOCK_DGRAM, 0));
    show(when, "a file", open("/proc/self/status", O_RDONLY));
    fflush(stdout);
}

// With an argument the one call is of another architecture, which there is to end the program.
int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 1)
        try_all("before");
    if (pr_hold_drop() != 0)
        return 1;
    pr_hold_filter();
    if (argc == 1)
        try_all("after");
#ifdef __x86_64__
    else
        // Number 20 is getpid() there, and writev() here.
        __asm__ volatile("int $0x80" : : "a"(20L) : "memory");
#endif
    return 0;
}
