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
#include <signal.h>
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
static struct pr_table_bits cached; // read last: written by the owner, a byte at a time; read by others only in need
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

// As mmap(), from the file's first byte on; NULL where it is refused.
static void *map(void *place, size_t size, long protection, long flags, long fd)
{
#ifdef SYS_mmap2
    const long mapped = pr_call5(SYS_mmap2, (long)place, (long)size, protection, flags, fd);
#else
    const long mapped = pr_call5(SYS_mmap, (long)place, (long)size, protection, flags, fd);
#endif
    // NOLINTNEXTLINE(performance-no-int-to-ptr): this call returns an address.
    return pr_failed(mapped) ? NULL : (void *)mapped;
}

// Maps the table open at `fd`, whose bits are in `cached`, over the one that was mapped before. Where that is refused
// every call reads the file.
static void map_table(long fd)
{
    static bool refused;

    if (!pages && !refused)
        pages = map(NULL, sizeof *pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    // A failure may leave a hole that somebody else fills: never map over that address again, nor use up another.
    if (pages && !map(pages, sizeof pages->table, PROT_READ, MAP_SHARED | MAP_FIXED, fd)) {
        pages = NULL;
        refused = true;
    }
}

// Reads the bits of the table open at `fd`, an eighth of it at a time, since the stack may be a fiber's. Returns 1, 0
// where it is no table, or -errno; without 1 there may be anything in *ret_bits.
static long read_bits(long fd, struct pr_table_bits *ret_bits)
{
    unsigned char part[PR_TABLE_CHECKSUMMED];

    for (size_t offset = 0;; offset += sizeof part) {
        const long size = pr_call3(SYS_read, fd, (long)part, sizeof part);

        if (pr_failed(size))
            return size;
        if (offset == PR_TABLE_SIZE)
            return size == 0;
        if (size != sizeof part || pr_table_check(part, offset, sizeof part) != PR_TABLE_OK)
            return 0;
        if (offset == 0)
            copy_bits(ret_bits, (const struct pr_table_bits *)(part + offsetof(struct pr_table, bits)));
    }
}

// Reads the file that has the table's name now, and keeps what it says where this call is the owner.
static void read_file(struct pr_reservations *ret)
{
    const long fd = pr_call3(SYS_openat, AT_FDCWD, (long)PR_TABLE_PATH, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const long found = pr_failed(fd) ? fd : read_bits(fd, &ret->read);

    ret->bits = &ret->read;
    ret->valid = true;
    if (found == 0 || found == -ENOENT || found == -ENOTDIR)
        ret->bits = NULL; // uninstalled, or whatever it is, it is no table
    else if (found < 0)
        // There is one that cannot be read, for now (no free descriptor) or for good (a filter of system calls), so
        // stay with the one that was read last: what it reserves is better kept than forgotten. Its owner may be just
        // replacing it: then each port is judged by the older or the newer one.
        copy_bits(&ret->read, &cached);
    else if (ret->owner) {
        // A table that is retired already is the newest there is until its writer has renamed the next one: it is
        // used in this call, and read again in the next.
        copy_bits(&cached, &ret->read);
        map_table(fd);
    }
    if (!pr_failed(fd))
        pr_call3(SYS_close, fd, 0, 0);
}

#define SIGNAL(number) ((uint64_t)1 << ((number)-1))

// The same with signals held back: a handler that leaves by longjmp() would leave the file open. Not those that an
// instruction or a filter of system calls raises, for to hold them back would end the program.
static void read_table(struct pr_reservations *ret)
{
    const uint64_t held = ~(SIGNAL(SIGILL) | SIGNAL(SIGTRAP) | SIGNAL(SIGABRT) | SIGNAL(SIGBUS) | SIGNAL(SIGFPE) |
                            SIGNAL(SIGSEGV) | SIGNAL(SIGSYS));
    uint64_t before;
    const long failure = pr_call5(SYS_rt_sigprocmask, SIG_BLOCK, (long)&held, (long)&before, sizeof held, 0);

    read_file(ret);
    if (!pr_failed(failure))
        pr_call5(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before, 0);
}

// Asks the kernel whether the table mapped is in force. futex() reads its timeout first, and takes the mark for an
// invalid one (EINVAL) until the table is retired (EAGAIN, since the futex does not have the value awaited: it never
// sleeps) or the page is gone (EFAULT).
static bool in_force(void)
{
    const int zero = 0;

    return pr_call5(SYS_futex, (long)&zero, FUTEX_WAIT_PRIVATE, 1, (long)pages->table.mark.in_force, 0) == -EINVAL;
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

// Whether bind() is the bare system call, as libc's is: nobody's who has put theirs before it. Somebody else's may
// write into the address, or read all of it once more, and must have an ordinary one.
static bool is_system_call(int (*function)(int, const struct sockaddr *, socklen_t))
{
#if defined __x86_64__ && defined __LP64__
    const unsigned char *code = (const unsigned char *)function;
    uint64_t first;

    if ((uintptr_t)code % 4096 > 4096 - 12) // there may be nothing in the next page
        return false;
    memcpy(&first, code, sizeof first);
    if ((uint32_t)first == 0xfa1e0ff3) // endbr64
        memcpy(&first, code + 4, sizeof first);
    const uint64_t wanted = (uint64_t)0x050f << 40 | SYS_bind << 8 | 0xb8; // mov $SYS_bind, %eax; syscall

    return first << 8 == wanted << 8;
#else
    (void)function;
    return false;
#endif
}

int pr_reservations_bind(struct pr_reservations *reservations, int fd, const union pr_address *address,
                         socklen_t length)
{
    const struct sockaddr *proving = &address->any;

    if (!reservations->valid) {
        if (address->any.sa_family != AF_INET || !is_system_call(bind)) {
            pr_reservations_revalidate(reservations);
            return 1;
        }
        // The address is put together from the family in the table's mark and the rest behind it. A retired table has
        // another family there, which no protocol takes, and a page that is gone has none; else it is in force as
        // bind() acts, or somebody wrote zeros over the file, which bind() takes for AF_INET with the wildcard address.
        memcpy(pages->rest, (const char *)address + FAMILY, REST);
        proving = (const struct sockaddr *)pages->table.mark.family;
    }
    return bind(fd, proving, length);
}
