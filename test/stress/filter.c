// A program's own seccomp filter for one system call.
#include "filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

void filter(const char *name, unsigned verdict)
{
    static const struct {
        const char *name;
        unsigned number;
    } calls[] = {{"openat", SYS_openat}, {"rt_sigprocmask", SYS_rt_sigprocmask}, {"read", SYS_read}, {"mmap", SYS_mmap},
                 {"futex", SYS_futex},   {"getsockopt", SYS_getsockopt}};

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].name, name) != 0)
            continue;
        struct sock_filter code[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, verdict),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
            return;
        perror("seccomp");
    }
    exit(9);
}

static volatile sig_atomic_t trapped;

static void on_trap(int signal, siginfo_t *information, void *context)
{
    mcontext_t *registers = &((ucontext_t *)context)->uc_mcontext;

    (void)signal, (void)information;
    trapped++;
#ifdef __x86_64__
    registers->gregs[REG_RAX] = -EPERM;
#else
    registers->regs[0] = (unsigned long long)-EPERM;
#endif
}

void trap(const char *name)
{
    const struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

    sigaction(SIGSYS, &action, NULL);
    filter(name, SECCOMP_RET_TRAP);
}

int times_trapped(void)
{
    return (int)trapped;
}
