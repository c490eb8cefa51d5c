// The system calls that the holder makes once it has started, as a filter: all others are refused with EPERM, and those
// of another architecture end it. A refusal rather than an end, since the end of the holder would free every port.
#include "hold.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined __x86_64__ && defined __LP64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __LP64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

#define FIELD(of) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, of))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, (what))
// The numbers that these two know: x32's calls have other ones.
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), ANSWER(SECCOMP_RET_ALLOW)
#define ALLOW_FAMILY(family) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (family), 0, 1), ANSWER(SECCOMP_RET_ALLOW)

static struct sock_filter rules[] = {
    FIELD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    FIELD(nr),
    // Ports.
    ALLOW(bind),
    ALLOW(setsockopt),
    ALLOW(close),
    // Files, and messages.
    ALLOW(openat),
    ALLOW(read),
    ALLOW(write),
    ALLOW(fstat),
    ALLOW(newfstatat),
    ALLOW(fchmod),
    ALLOW(renameat),
    ALLOW(unlinkat),
#ifdef SYS_open
    ALLOW(open),
    ALLOW(rename),
    ALLOW(unlink),
#endif
    ALLOW(sendmsg),
    // Waiting, and the end.
    ALLOW(rt_sigtimedwait),
    ALLOW(rt_sigreturn),
    ALLOW(restart_syscall),
    ALLOW(clock_gettime),
    ALLOW(getpid),
    ALLOW(exit),
    ALLOW(exit_group),
    // Sockets, but of three families alone.
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
    ANSWER(SECCOMP_RET_ERRNO | EPERM),
    FIELD(args[0]),
    ALLOW_FAMILY(AF_INET),
    ALLOW_FAMILY(AF_INET6),
    ALLOW_FAMILY(AF_UNIX),
    ANSWER(SECCOMP_RET_ERRNO | EPERM),
};

void pr_hold_filter(void)
{
    const struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};

    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        pr_say("this kernel filters no system calls (", pr_error_name(errno), "); what is held does not depend on it",
               NULL);
}

#else

void pr_hold_filter(void)
{
    pr_say("system calls are not filtered on this processor; what is held does not depend on it", NULL);
}

#endif
