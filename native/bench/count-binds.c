// Counts bind() through a seccomp filter that tells a thread of this process about each one and then lets it happen.
#include "count-binds.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_ulong seen;
static int listener = -1;

static void *listen_to_binds(void *unused)
{
    for (;;) {
        struct seccomp_notif request;
        struct seccomp_notif_resp answer;

        memset(&request, 0, sizeof request); // the kernel refuses anything else
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
            if (errno == EINTR || errno == ENOENT)
                continue;
            return unused;
        }
        atomic_fetch_add(&seen, 1);
        memset(&answer, 0, sizeof answer);
        answer.id = request.id;
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

int count_binds_start(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = sizeof code / sizeof *code, .filter = code};
    pthread_t thread;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    if (listener < 0)
        return -1;
    errno = pthread_create(&thread, NULL, listen_to_binds, NULL);
    return errno == 0 ? 0 : -1;
}

unsigned long count_binds_so_far(void)
{
    return atomic_load(&seen);
}
