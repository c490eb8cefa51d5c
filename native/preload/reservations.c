// The reservations as the shim keeps them: the table's bits, checked once, and its file mapped so that the kernel can
// say whether they are still in force. Must never raise SIGBUS, wait, or trust a byte that was not checked.
//
// Nothing here reads the mapped page. A file that is truncated in place takes its page away, at any moment, and the
// program that touches it dies. System calls that are handed the page fail instead, and two of them can be made to
// judge the mark at the page's end (table/format.h) on the way.
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef PR_TABLE_PATH // another one only where the C tests link this file
#define PR_TABLE_PATH "/etc/portreserve.table"
#endif

// State kept between calls, guarded by `lock`, which a call holds for about a microsecond. A call that cannot get it
// reads the file itself: after a hundred tries beside another thread's call, in a signal handler that interrupted the
// owner, and always in the child of a fork that left the owner behind.
static atomic_flag lock = ATOMIC_FLAG_INIT;
static struct pr_table_bits cached; // written by the owner, a byte at a time; read by others only in need
static atomic_bool has_cached;      // `cached` has been written
static struct pages {
    struct pr_table table;    // the file `cached` was read from, mapped
    unsigned char rest[4096]; // private: the end of the address that begins with the table's mark
} * pages;

enum { FAMILY = sizeof(sa_family_t), REST = sizeof(struct sockaddr_in) - FAMILY };

static void copy_bits(struct pr_table_bits *to, const struct pr_table_bits *from)
{
    for (size_t i = 0; i < sizeof *to; i++)
        __atomic_store_n((unsigned char *)to + i, __atomic_load_n((const unsigned char *)from + i, __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
}

// As mmap(), from the file's first byte on.
static void *map(void *place, size_t size, long protection, long flags, long fd)
{
#ifdef SYS_mmap2
    // NOLINTNEXTLINE(performance-no-int-to-ptr): this call returns an address.
    return (void *)syscall(SYS_mmap2, place, size, protection, flags, fd, 0L);
#else
    // NOLINTNEXTLINE(performance-no-int-to-ptr): this call returns an address.
    return (void *)syscall(SYS_mmap, place, size, protection, flags, fd, 0L);
#endif
}

// Maps the table open at `fd`, whose bits are in `cached`, over the one that was mapped before. Where that is refused
// every call reads the file.
static void map_table(long fd)
{
    static bool refused;

    if (!pages && !refused) {
        void *new = map(NULL, sizeof *pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1L);

        if (new != MAP_FAILED)
            pages = new;
    }
    // A failure may leave a hole that somebody else fills: never map over that address again, nor use up another.
    if (pages && map(pages, sizeof pages->table, PROT_READ, MAP_SHARED | MAP_FIXED, fd) == MAP_FAILED) {
        pages = NULL;
        refused = true;
    }
}

// Reads the file that has the table's name now.
static void read_table(struct pr_reservations *ret)
{
    unsigned char bytes[PR_TABLE_SIZE + 1];
    const struct pr_table *table;
    const long fd = syscall(SYS_openat, AT_FDCWD, PR_TABLE_PATH, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    const long size = fd < 0 ? fd : syscall(SYS_read, fd, bytes, sizeof bytes);

    ret->bits = NULL;
    ret->valid = true;
    if (size < 0) {
        // Uninstalled: no table. Anything else may pass (no free descriptor, say), so stay with the one that is mapped.
        // Its owner may be just replacing it: then each port is judged by the older or the newer one.
        if (errno != ENOENT && errno != ENOTDIR && atomic_load_explicit(&has_cached, memory_order_acquire)) {
            copy_bits(&ret->read, &cached);
            ret->bits = &ret->read;
        }
    } else if (pr_table_view(bytes, (size_t)size, &table) == PR_TABLE_OK) {
        struct pr_table_bits *bits = ret->owner ? &cached : &ret->read;

        copy_bits(bits, &table->bits);
        ret->bits = bits;
        // A table that is retired already is the newest there is until its writer has renamed the next one: it is
        // used in this call, and read again in the next.
        if (ret->owner) {
            atomic_store_explicit(&has_cached, true, memory_order_release);
            map_table(fd);
        }
    }
    syscall(SYS_close, fd); // also where it is none: that changes nothing
}

// Asks the kernel whether the table mapped is in force. futex() reads its timeout first, and takes the mark for an
// invalid one (EINVAL) until the table is retired (EAGAIN, since the futex does not have the value awaited: it never
// sleeps) or the page is gone (EFAULT).
static bool in_force(void)
{
    const int zero = 0;

    return syscall(SYS_futex, &zero, FUTEX_WAIT_PRIVATE, 1, pages->table.mark.in_force, NULL, 0) == -1 &&
           errno == EINVAL;
}

void pr_reservations_revalidate(struct pr_reservations *reservations)
{
    if (!reservations->valid && !in_force())
        read_table(reservations);
    reservations->valid = true;
}

void pr_reservations_acquire(struct pr_reservations *ret)
{
    ret->owner = false;
    for (int tries = 0; tries < 100 && !ret->owner; tries++)
        ret->owner = !atomic_flag_test_and_set_explicit(&lock, memory_order_acquire);
    ret->bits = &cached;
    ret->valid = false;
    if (!ret->owner || !pages)
        read_table(ret);
}

void pr_reservations_release(struct pr_reservations *reservations)
{
    if (reservations->owner)
        atomic_flag_clear_explicit(&lock, memory_order_release);
}

// Whether bind() can prove what it binds with: the mark must end a page, and mean AF_INET here.
static bool mark_is_family(sa_family_t family)
{
#if defined __x86_64__ || defined __i386__
    return family == AF_INET;
#else
    return family == AF_INET && getpagesize() == (int)PR_TABLE_SIZE && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
#endif
}

int pr_reservations_bind(struct pr_reservations *reservations, int fd, const union pr_address *address,
                         socklen_t length)
{
    if (reservations->valid)
        return bind(fd, &address->any, length);

    if (mark_is_family(address->any.sa_family)) {
        // The address is put together from the family in the table's mark and the rest behind it. A retired table has
        // another family there (EAFNOSUPPORT), a page that is gone none (EFAULT); else it is in force as bind() acts,
        // or somebody wrote zeros over the file, which bind() takes for AF_INET with the wildcard address.
        memcpy(pages->rest, (const char *)address + FAMILY, REST);
        const int result = bind(fd, (const struct sockaddr *)pages->table.mark.family, length);

        if (result == 0 || (errno != EAFNOSUPPORT && errno != EFAULT))
            return result;
    }
    pr_reservations_revalidate(reservations);
    return 1;
}
