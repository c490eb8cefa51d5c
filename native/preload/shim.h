// What the shim's files share. Rules for all of them: never print, exit, allocate, wait, keep a file descriptor, read
// the environment or run at load time; leave errno as it was on success. Nor call by name what a system call does as
// well: the loader looks each name up whenever a program starts, and libc's read() or close() would make a cancellation
// point of what was none. bind() and getsockname() are called by name, since others may have put theirs before libc's.
#ifndef PR_SHIM_H
#define PR_SHIM_H

#include "../table/table.h"
#include "system-call.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define PR_EXPORT __attribute__((visibility("default")))

// The ports that "any privileged port" means: 600..1023 first, and 512..599 once those are all taken.
enum { PR_PORT_LOW = 512, PR_PORT_START = 600, PR_PORT_END = 1023 };

// sin_port and sin6_port share their place.
union pr_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

// The reservations that one call obeys.
struct pr_reservations {
    const struct pr_table_bits *bits; // NULL: there is no table, so nothing is reserved
    bool owner;                       // this call holds the lock of the state kept between calls
    bool valid;                       // the bits were seen to be in force during this call
    struct pr_table_bits read;        // read for this call alone, where it is not the owner
};

// Every acquire needs its release. What was acquired may be out of date: pr_reservations_revalidate() comes before a
// port is skipped, pr_reservations_bind() binds one. All of these may change errno.
void pr_reservations_acquire(struct pr_reservations *ret_reservations);
void pr_reservations_release(struct pr_reservations *reservations);

// Makes sure that they are the ones in force; reads newer ones where they are not.
void pr_reservations_revalidate(struct pr_reservations *reservations);

// Binds like bind(), but only while these reservations are in force: where they may not be, which is so until they are
// valid, any failure but EADDRINUSE may mean just that. Where bind() cannot tell, makes sure of them and returns 1:
// what they reserve may have changed.
int pr_reservations_bind(struct pr_reservations *reservations, int fd, const union pr_address *address,
                         socklen_t length);

// A socket looking for a port: where bind() gets its address from, and what is known of the socket.
struct pr_search {
    int fd;
    union pr_address *address;
    socklen_t length;   // of the address, bytes
    bool guessed;       // the family is a guess: ask the socket when the kernel refuses it
    unsigned protocols; // what the socket speaks, of PR_TABLE_TCP and PR_TABLE_UDP; 0 until somebody asks
    struct pr_reservations *reservations;
};

// Calls of sockets, the way in which libc makes them too: one for all of them on i386, where filters know no other.
// Where they fail they return -errno.
static inline int pr_socket(int family, int type, int protocol)
{
#ifdef SYS_socketcall
    const long arguments[] = {family, type, protocol};

    return (int)pr_call3(SYS_socketcall, 1, (long)arguments, 0);
#else
    return (int)pr_call3(SYS_socket, family, type, protocol);
#endif
}

static inline int pr_getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
#ifdef SYS_socketcall
    const long arguments[] = {fd, level, option, (long)value, (long)length};

    return (int)pr_call3(SYS_socketcall, 15, (long)arguments, 0);
#else
    return (int)pr_call5(SYS_getsockopt, fd, level, option, (long)value, (long)length);
#endif
}

// The length of an address of this family in bytes, or 0 where it is neither IPv4 nor IPv6.
socklen_t pr_address_length(sa_family_t family);

// Binds to `port` unless it is reserved, and leaves it in the address. EADDRINUSE: it is reserved or busy.
int pr_search_try(struct pr_search *search, unsigned port);

// Tries the ports in order. Stops at the first error that is not EADDRINUSE; EADDRINUSE means that every unreserved
// port of 512..1023 is busy.
int pr_search_scan(struct pr_search *search);

#endif
