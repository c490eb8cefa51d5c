// damage SYMBOL THREADS LOW-HIGH COMMAND...: threads that allocate without a break while shell commands do something to
// the table.
//
// After each command it waits for a thousand calls a thread that began after the command's end, which come to each port
// twice, and prints whether one of them failed or got a reserved port. First it does so with the table as it is. DAC is
// given up, so that root cannot read either what its mode forbids.
#include "take.h"

#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENOUGH = 1000 };

static const char *symbol;
static atomic_int epoch;
static struct {
    atomic_long calls, failed, reserved;
} seen[64];

static void *call_for_ever(void *unused)
{
    (void)unused;
    for (;;) {
        const int began = epoch;
        const int port = take(symbol);

        seen[began].calls++;
        seen[began].failed += port < 0;
        seen[began].reserved += is_reserved(port);
    }
    return NULL;
}

static void give_up_dac(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    syscall(SYS_capget, &header, data);
    data[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
    if (syscall(SYS_capset, &header, data) != 0) {
        perror("capset");
        exit(9);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 9;
    symbol = argv[1];
    parse_reserved(argv[3]);
    const int threads = atoi(argv[2]);
    give_up_dac();
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, call_for_ever, NULL);
    }
    for (int i = 3; i < argc; i++) {
        // The command has root's rights again: capabilities come back with exec.
        if (i > 3 && system(argv[i]) != 0)
            return 9;
        const int now = ++epoch;
        while (seen[now].calls < threads * ENOUGH)
            usleep(1000);
        printf("%s%s", i > 3 ? " | " : "", seen[now].reserved > 0 ? "nothing reserved" : "reserved");
        if (seen[now].failed > 0)
            printf(", %ld failed", seen[now].failed);
    }
    printf("%s\n", errno_changed > 0 ? ", errno changed" : "");
    return 0;
}
