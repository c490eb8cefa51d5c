// The table as the shim sees it: mapped on first use, copied per call, mapped again when the writer retires it.
// Must never raise SIGBUS, block, or trust a byte it has not checked; without a usable table nothing is reserved.
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TABLE_PATH "/etc/portreserve.table"

// Raw system calls where libc's wrapper would be a cancellation point: no allocator was one before.
static long open_table(void)
{
    return syscall(SYS_openat, AT_FDCWD, TABLE_PATH, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
}

// The validated table, shared by all threads and forked children. Set once; a newer table is mapped over it at the
// same address, so it is never unmapped under a reader.
static const struct pr_table *_Atomic mapping;

// Whether the page behind `map` can be read. After an in-place truncation touching it would raise SIGBUS, so the
// kernel is made to read it: with an invalid `how` it fetches the set first and answers EINVAL, or EFAULT.
static bool readable(const struct pr_table *map)
{
    return syscall(SYS_rt_sigprocmask, -1, map, NULL, _NSIG / 8) == -1 && errno == EINVAL;
}

// Copies what a lookup needs. Fails when the page is gone, is no table, or when another thread mapped a newer table
// over it meanwhile, for then the copy could be a mixture: the header at the end must be the one it began with.
static bool copy(const struct pr_table *map, struct pr_table *ret_table)
{
    if (!readable(map))
        return false;
    memcpy(ret_table, map, offsetof(struct pr_table, zeros));
    atomic_thread_fence(memory_order_seq_cst);
    return memcmp(ret_table, map, offsetof(struct pr_table, tcp)) == 0 &&
           memcmp(ret_table->magic, PR_TABLE_MAGIC, sizeof ret_table->magic) == 0;
}

// Maps the table open at `fd` for the calls to come. Where that is refused, each call reads the file instead.
static void map_table(const struct pr_table *old, long fd)
{
    void *new = mmap((void *)old, PR_TABLE_SIZE, PROT_READ, MAP_SHARED | (old ? MAP_FIXED : 0), (int)fd, 0);
    const struct pr_table *expected = old;

    if (new == MAP_FAILED) {
        // A failed MAP_FIXED may have left a hole that somebody else fills: never map over that address again.
        if (old)
            atomic_compare_exchange_strong(&mapping, &expected, NULL);
    } else if (!old && !atomic_compare_exchange_strong(&mapping, &expected, new)) {
        munmap(new, PR_TABLE_SIZE); // another thread was first, and nobody has seen this one
    }
}

// Reads the file that has the table's name now, and maps it if it will last.
static bool refresh(const struct pr_table *old, struct pr_table *ret_table)
{
    unsigned char bytes[PR_TABLE_SIZE + 1];
    const struct pr_table *table;
    const long fd = open_table();

    if (fd < 0) {
        // Uninstalled: no table. Anything else may pass (no free descriptor, say), so stay with the one at hand.
        return errno != ENOENT && errno != ENOTDIR && old && copy(old, ret_table);
    }
    const long size = syscall(SYS_read, fd, bytes, sizeof bytes);
    const bool valid = size >= 0 && pr_table_view(bytes, (size_t)size, &table) == PR_TABLE_OK;

    if (valid) {
        *ret_table = *table;
        // A retired file under the table's name is the newest there is until its writer has renamed the next one.
        if (!pr_table_retired(table))
            map_table(old, fd);
    }
    syscall(SYS_close, fd);
    return valid;
}

void pr_reservations_take(struct pr_reservations *ret)
{
    const struct pr_table *map = atomic_load_explicit(&mapping, memory_order_acquire);

    ret->known = (map && copy(map, &ret->table) && !pr_table_retired(&ret->table)) || refresh(map, &ret->table);
}

bool pr_reservations_hold(const struct pr_reservations *reservations, unsigned port, int fd, unsigned *protocols)
{
    const unsigned both = PR_TABLE_TCP | PR_TABLE_UDP;
    const unsigned reserved = reservations->known ? pr_table_lookup(&reservations->table, port) : 0;

    if (reserved == 0 || reserved == both)
        return reserved != 0;
    if (*protocols == 0) {
        int protocol = -1;
        socklen_t length = sizeof protocol;

        getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
        *protocols = protocol == IPPROTO_TCP ? PR_TABLE_TCP : protocol == IPPROTO_UDP ? PR_TABLE_UDP : both;
    }
    return reserved & *protocols;
}
