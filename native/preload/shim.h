// What the shim's files share. Rules for all of them: never print, exit, allocate, lock across a call, keep a file
// descriptor, read the environment or run at load time; leave errno as it was on success.
#ifndef PR_SHIM_H
#define PR_SHIM_H

#include "../table/table.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define PR_EXPORT __attribute__((visibility("default")))

// The ports that "any privileged port" means: 600..1023 first, and 512..599 once those are all taken.
enum { PR_PORT_LOW = 512, PR_PORT_START = 600, PR_PORT_END = 1023 };

// The reservations in force during one call: the bits of the table, copied so that nothing that happens to the file
// meanwhile can matter. `known` is false where there is no table: then nothing is reserved.
struct pr_reservations {
    struct pr_table table;
    bool known;
};

// Takes the reservations in force now. May change errno.
void pr_reservations_take(struct pr_reservations *ret_reservations);

// Whether `port` must not be handed out to the socket `fd`. *protocols caches what the socket speaks, a set of
// PR_TABLE_TCP and PR_TABLE_UDP; 0 where nobody has asked yet. May change errno.
bool pr_reservations_hold(const struct pr_reservations *reservations, unsigned port, int fd, unsigned *protocols);

// sin_port and sin6_port share their place.
union pr_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

// A socket looking for a port: where bind() gets its address from, and what is known of the socket.
struct pr_search {
    int fd;
    union pr_address *address;
    socklen_t length; // of the address, bytes
    bool guessed;     // the family is a guess: ask the socket when the kernel refuses it
    unsigned protocols;
    struct pr_reservations reservations;
};

// The length of an address of this family in bytes, or 0 where it is neither IPv4 nor IPv6.
socklen_t pr_address_length(sa_family_t family);

// Binds to `port`, reserved or not, and leaves it in the address. Returns bind()'s result and errno.
int pr_search_bind(struct pr_search *search, unsigned port);

// Binds to the next port in order that is neither reserved nor busy. Stops at the first error that is not
// EADDRINUSE; EADDRINUSE means that every unreserved port of 512..1023 is busy.
int pr_search_scan(struct pr_search *search);

#endif
