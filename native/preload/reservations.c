// The table as the shim sees it: read and checked once, kept as a copy in memory for as long as the kernel says that
// the file it came from is in force. Must never raise SIGBUS, block, or trust a byte that was not checked.
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_TABLE_PATH // another one only where the C tests link this file
#define PR_TABLE_PATH "/etc/portreserve.table"
#endif

enum { BITS = offsetof(struct pr_table, zeros3) - offsetof(struct pr_table, tcp), WORDS = BITS / sizeof(long) };

// What all threads share: the checked bits, and the file they came from, mapped. Both change together, by one thread
// at a time, while `version` is odd. Nobody waits for an even one: a signal handler or a forked child that finds it odd
// reads the file for itself.
static atomic_uint version;
static atomic_ulong bits[WORDS];
static const struct pr_table *_Atomic mapping;

// Whether the mapped table is in force. Looking would raise SIGBUS where the file was truncated in place, at whatever
// moment, so the kernel looks: futex() with a timeout reads it first, and takes the table's `in_force` and `pause` for
// an invalid one (EINVAL) until the writer has retired the table (EAGAIN, since the futex does not have the value
// awaited: it never sleeps) or the page is gone (EFAULT).
static bool in_force(const struct pr_table *map)
{
    const int zero = 0;

    return syscall(SYS_futex, &zero, FUTEX_WAIT_PRIVATE, 1, map->in_force, NULL, 0) == -1 && errno == EINVAL;
}

// Copies the bits kept. Returns the version they are of, 0 where there are none or they are just being changed.
static unsigned copy_bits(struct pr_table *ret_table)
{
    const unsigned before = atomic_load_explicit(&version, memory_order_acquire);
    unsigned long copy[WORDS];

    for (int i = 0; i < WORDS; i++)
        copy[i] = atomic_load_explicit(&bits[i], memory_order_relaxed);
    memcpy(ret_table->tcp, copy, BITS);
    return before % 2 == 0 ? before : 0;
}

static bool still(unsigned before)
{
    atomic_thread_fence(memory_order_acquire);
    return before != 0 && atomic_load_explicit(&version, memory_order_relaxed) == before;
}

// Keeps the checked `table`, open at `fd`, for the calls to come. The new file is mapped over the old one, so nothing
// is ever unmapped under a reader.
static void keep(const struct pr_table *table, long fd)
{
    unsigned before = atomic_load_explicit(&version, memory_order_relaxed);
    unsigned long copy[WORDS];

    if (before % 2 != 0 || !atomic_compare_exchange_strong(&version, &before, before + 1))
        return;
    void *old = (void *)atomic_load_explicit(&mapping, memory_order_relaxed);
    void *new = mmap(old, PR_TABLE_SIZE, PROT_READ, MAP_SHARED | (old ? MAP_FIXED : 0), (int)fd, 0);

    // Where mapping is refused every call reads the file. A failed MAP_FIXED may have left a hole that somebody else
    // fills: never map over that address again.
    atomic_store_explicit(&mapping, new == MAP_FAILED ? NULL : new, memory_order_relaxed);
    memcpy(copy, table->tcp, BITS);
    for (int i = 0; i < WORDS; i++)
        atomic_store_explicit(&bits[i], copy[i], memory_order_relaxed);
    atomic_store_explicit(&version, before + 2, memory_order_release);
}

// Reads the file that has the table's name now. Raw system calls: libc's are cancellation points, and no allocator
// was one before.
static bool read_table(struct pr_table *ret_table)
{
    unsigned char bytes[PR_TABLE_SIZE + 1];
    const struct pr_table *table;
    const long fd = syscall(SYS_openat, AT_FDCWD, PR_TABLE_PATH, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0) {
        // Uninstalled: no table. Anything else may pass (no free descriptor, say), so stay with the one at hand.
        return errno != ENOENT && errno != ENOTDIR && still(copy_bits(ret_table));
    }
    const long size = syscall(SYS_read, fd, bytes, sizeof bytes);
    const bool valid = size >= 0 && pr_table_view(bytes, (size_t)size, &table) == PR_TABLE_OK;

    if (valid) {
        *ret_table = *table;
        // A retired file under the table's name is the newest there is until its writer has renamed the next one.
        if (!pr_table_retired(table))
            keep(table, fd);
    }
    syscall(SYS_close, fd);
    return valid;
}

void pr_reservations_take(struct pr_reservations *ret_reservations)
{
    const unsigned copied = copy_bits(&ret_reservations->table);
    const struct pr_table *map = atomic_load_explicit(&mapping, memory_order_relaxed);

    // The kernel's answer comes after the copy, and the version after both, so that all three belong together.
    ret_reservations->known = (map && in_force(map) && still(copied)) || read_table(&ret_reservations->table);
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
