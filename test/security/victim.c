// A process to be verified: gives up the rights that its arguments name, says so, and waits to be killed.
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void no_new_rights(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        exit(3);
}

/* One call is refused that nothing here makes: what counts is that there is a filter. */
static void filter(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_acct, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof program / sizeof *program, program};
    if (geteuid())
        no_new_rights();
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        exit(3);
}

/* The bounding set stays as it is. */
static void one_capability(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct rights[2] = {{0}};
    rights[0].effective = rights[0].permitted = 1u << CAP_NET_BIND_SERVICE;
    if (syscall(SYS_capset, &header, rights))
        exit(3);
}

/* Any process may write what /proc shows as its environment. */
static void rewrite(char **environment, const char *entry)
{
    if (!environment[0] || strlen(environment[0]) < strlen(entry))
        exit(3);
    size_t room = strlen(environment[0]);
    memset(environment[0], 0, room);
    memcpy(environment[0], entry, strlen(entry));
}

int main(int count, char **arguments, char **environment)
{
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "no-new-rights"))
            no_new_rights();
        else if (!strcmp(arguments[i], "filter"))
            filter();
        else if (!strcmp(arguments[i], "one-capability"))
            one_capability();
        else
            rewrite(environment, arguments[i]);
    }
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
