// portreserve-pidexec: runs a command as no shell can. With a chosen pid in the caller's pid namespace, so that a theft
// happens at will: libc's first candidate is 600 + pid % 424. Or in the root and mounts of another process, from a
// program that is open, with variables that it alone gets. For sandboxes and proofs only; needs CAP_SYS_ADMIN.
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// struct clone_args as in linux/sched.h since 5.5, which old build hosts lack.
struct clone_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size;
};

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

static volatile sig_atomic_t child;

static void forward(int signal)
{
    if (child > 0)
        kill(child, signal);
}

static void usage(void)
{
    fputs(
        "usage: portreserve-pidexec [--loopback] [--pid N] -- COMMAND [ARGUMENT ...]\n"
        "       portreserve-pidexec [--mounts FD] [--root FD] [--set NAME=VALUE ...] --program FD -- NAME [ARGUMENT "
        "...]\n"
        "Runs COMMAND with exactly pid N in this pid namespace (clone3 with set_tid, Linux 5.5), passing signals on.\n"
        "--loopback brings the loopback interface of this network namespace up first.\n"
        "--program runs the program that is open as FD, in the mount namespace and the root folder that are open as "
        "the\n"
        "other FDs, with only these variables; nothing is looked for by name.\n"
        "exit: the command's own, 128 + its signal, 127 where it cannot be run; 2 usage; 3 the kernel refused\n",
        stderr);
    exit(2);
}

static int raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &request);

    if (result == 0) {
        request.ifr_flags |= IFF_UP;
        result = ioctl(fd, SIOCSIFFLAGS, &request);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static int run_with_pid(pid_t pid, char **command)
{
    struct clone_arguments arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&pid, .set_tid_size = 1};
    const int forwarded[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    const pid_t self = getpid();
    int status;

    const long made = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (made < 0) {
        fprintf(stderr, "portreserve-pidexec: error: cannot start a process with pid %d: %s\n", (int)pid,
                strerror(errno));
        return 3;
    }
    if (made == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self && getppid() != 0)
            _exit(3); // the parent died before the line above
        execvp(command[0], command);
        fprintf(stderr, "portreserve-pidexec: error: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    child = (sig_atomic_t)made;
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        signal(forwarded[i], forward);
    while (waitpid((pid_t)made, &status, 0) < 0)
        if (errno != EINTR)
            return 3;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct entered {
    int mounts, root, program; // descriptors, or -1
    char *variables[16];       // NAME=VALUE, ended by NULL
};

// Returns only where it fails. The descriptors are closed by the exec, so that the program cannot leave by them.
static void run_entered(const struct entered *entered, char **arguments)
{
    const int doors[] = {entered->mounts, entered->root};

    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        if (doors[i] >= 0 && fcntl(doors[i], F_SETFD, FD_CLOEXEC) != 0)
            return;
    if (entered->mounts >= 0 && setns(entered->mounts, CLONE_NEWNS) != 0)
        return;
    if (entered->root >= 0 && (fchdir(entered->root) != 0 || chroot(".") != 0))
        return;
    if (chdir("/") != 0)
        return;
    syscall(SYS_execveat, entered->program, "", arguments, entered->variables, AT_EMPTY_PATH);
}

static int number(const char *text, long least, long most)
{
    char *end;
    const long value = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < least || value > most)
        usage();
    return (int)value;
}

int main(int argc, char **argv)
{
    struct entered entered = {.mounts = -1, .root = -1, .program = -1};
    size_t variables = 0;
    pid_t pid = 0;
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        // A command has to follow, so that each has a value or is the last one.
        if (i + 1 == argc)
            usage();
        if (strcmp(argv[i], "--loopback") == 0) {
            if (raise_loopback() != 0) {
                fprintf(stderr, "portreserve-pidexec: error: cannot bring loopback up: %s\n", strerror(errno));
                return 3;
            }
        } else if (strcmp(argv[i], "--pid") == 0) {
            pid = number(argv[++i], 1, 4194304);
        } else if (strcmp(argv[i], "--mounts") == 0) {
            entered.mounts = number(argv[++i], 0, 1048576);
        } else if (strcmp(argv[i], "--root") == 0) {
            entered.root = number(argv[++i], 0, 1048576);
        } else if (strcmp(argv[i], "--program") == 0) {
            entered.program = number(argv[++i], 0, 1048576);
        } else if (strcmp(argv[i], "--set") == 0 && variables + 1 < sizeof entered.variables / sizeof(char *)) {
            entered.variables[variables++] = argv[++i];
        } else {
            usage();
        }
    }
    if (++i >= argc || (entered.program >= 0) != (entered.mounts >= 0 || entered.root >= 0 || variables > 0))
        usage();
    if (entered.program >= 0) {
        run_entered(&entered, argv + i);
        fprintf(stderr, "portreserve-pidexec: error: %s: %s\n", argv[i], strerror(errno));
        return 127;
    }
    if (pid != 0)
        return run_with_pid(pid, argv + i);
    execvp(argv[i], argv + i);
    fprintf(stderr, "portreserve-pidexec: error: %s: %s\n", argv[i], strerror(errno));
    return 127;
}
