// What a program may find itself in, for the steps of allocator.c.
#include "surroundings.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void drop_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    syscall(SYS_capget, &header, data);
    data[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
    if (syscall(SYS_capset, &header, data) != 0) {
        perror("cannot drop a capability");
        exit(3);
    }
}

void limit(__rlimit_resource_t what, rlim_t most)
{
    const struct rlimit limits = {.rlim_cur = most, .rlim_max = 4096};

    if (setrlimit(what, &limits) != 0) {
        perror("cannot set a limit");
        exit(3);
    }
}

// A seccomp filter, as a sandboxed daemon may have it: no file may be mapped any more.
void refuse_file_mappings(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("cannot install a seccomp filter");
        exit(3);
    }
}

// The size of the address space in pages.
long address_space(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld", &pages) != 1)
        exit(3);
    fclose(file);
    return pages;
}

int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

void replace_table(void)
{
    char mark[24];
    const int from = open("/etc/retired.mark", O_RDONLY), to = open("/etc/portreserve.table", O_WRONLY);

    if (read(from, mark, sizeof mark) != sizeof mark || pwrite(to, mark, sizeof mark, 4096 - sizeof mark) < 0 ||
        rename("/etc/next.table", "/etc/portreserve.table") != 0) {
        perror("cannot replace the table");
        exit(3);
    }
    close(from);
    close(to);
}
