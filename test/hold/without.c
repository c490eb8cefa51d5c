// Runs a program on a kernel that lacks something: `without ipv6 COMMAND…` (as ipv6.disable=1 has it), or `without
// ifindex COMMAND…` (no SO_BINDTOIFINDEX, as before Linux 5.1).
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(of) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, of))
#define UNLESS(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 1, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

int main(int argc, char **argv)
{
    struct sock_filter ipv6[] = {LOAD(nr), UNLESS(SYS_socket), LOAD(args[0]), UNLESS(AF_INET6), REFUSE(EAFNOSUPPORT)};
    struct sock_filter ifindex[] = {LOAD(nr),           UNLESS(SYS_setsockopt), LOAD(args[1]),
                                    UNLESS(SOL_SOCKET), LOAD(args[2]),          UNLESS(62),
                                    REFUSE(ENOPROTOOPT)};
    const int six = argc > 2 && strcmp(argv[1], "ipv6") == 0;
    const struct sock_fprog program = {.len = six ? sizeof ipv6 / sizeof *ipv6 : sizeof ifindex / sizeof *ifindex,
                                       .filter = six ? ipv6 : ifindex};

    if (argc < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 2;
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 127;
}
