// One port in one address family: bound, and never listening. Two sockets may share a port where both have SO_REUSEADDR
// and the other does not listen; so a hold is in nobody's way who has the flag, and in that of everybody who has not.
//
// Must never listen, set SO_REUSEPORT, or receive: a socket of UDP that is bound later than the owner's would get what
// is meant for the owner. A hold is bound to an interface that cannot exist, which conflicts all the same with each
// socket that is bound to none. A block has no owner; it goes against sockets of every interface, and a filter drops
// what comes.
#include "hold.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

static const int on = 1, off = 0, nowhere = INT_MAX;

static int option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

// What the file, the state and a message to the service manager need at once.
enum { SPARE = 4 };

static int most = INT_MAX;

void pr_hold_limit(unsigned long descriptors)
{
    most = descriptors < INT_MAX ? (int)descriptors : INT_MAX;
    most = most > SPARE ? most - SPARE : 0;
}

static int open_socket(const struct pr_hold_entry *entry, int family)
{
    const int type = entry->protocol == PR_TCP ? SOCK_STREAM : SOCK_DGRAM;
    const int fd = socket(family ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);

    // The lowest number that is free.
    if (fd >= most) {
        close(fd);
        errno = EMFILE;
        return -1;
    }
    return fd;
}

static int prepare(int fd, const struct pr_hold_entry *entry, int family)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog drop = {.len = 1, .filter = nothing};

    if (family && option(fd, IPPROTO_IPV6, IPV6_V6ONLY, on) != 0)
        return -1;
    if (option(fd, SOL_SOCKET, SO_REUSEADDR, entry->kind == PR_HOLD ? on : off) != 0)
        return -1;
    if (entry->protocol == PR_TCP)
        return 0;
    if (entry->kind == PR_HOLD)
        return option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, nowhere);
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &drop, sizeof drop);
}

static int bind_to(int fd, const struct pr_hold_entry *entry, int family)
{
    const struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(entry->port)};
    const struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(entry->port)};

    return family ? bind(fd, (const struct sockaddr *)&ipv6, sizeof ipv6)
                  : bind(fd, (const struct sockaddr *)&ipv4, sizeof ipv4);
}

// Binds beside whoever has the port, which needs CAP_NET_ADMIN. The socket stays in repair mode, which means nothing to
// one that never connects: to leave it takes the flag away, and until it is set again an owner that starts would be
// refused.
static int bind_beside(int fd, const struct pr_hold_entry *entry, int family)
{
    if (option(fd, IPPROTO_TCP, TCP_REPAIR, on) != 0 || bind_to(fd, entry, family) != 0)
        return -1;
    return option(fd, SOL_SOCKET, SO_REUSEADDR, on);
}

// The hold of a port that somebody has already.
static void take_beside(int fd, const struct pr_hold_entry *entry, int family, struct pr_hold_slot *slot)
{
    const bool listens = pr_hold_listens(entry->port);

    slot->error = EADDRINUSE;
    if (slot->fd >= 0) {
        close(fd);
    } else if (bind_beside(fd, entry, family) == 0) {
        slot->fd = fd;
    } else {
        if (listens)
            slot->error = errno;
        close(fd);
    }
    slot->state = listens && slot->fd >= 0 ? PR_BESIDE : PR_REFUSED;
}

void pr_hold_take(const struct pr_hold_entry *entry, int family, struct pr_hold_slot *slot)
{
    const int fd = open_socket(entry, family);

    slot->state = PR_REFUSED;
    if (fd >= 0 && prepare(fd, entry, family) == 0) {
        if (bind_to(fd, entry, family) == 0) {
            // One that is there already does as well.
            if (slot->fd >= 0)
                close(fd);
            else
                *slot = (struct pr_hold_slot){.fd = fd};
            slot->error = 0;
            slot->state = PR_HELD;
            return;
        }
        if (errno == EADDRINUSE && entry->protocol == PR_TCP && entry->kind == PR_HOLD) {
            take_beside(fd, entry, family, slot);
            return;
        }
    }
    slot->error = errno;
    if (fd >= 0)
        close(fd);
    if (family && (slot->error == EAFNOSUPPORT || slot->error == EADDRNOTAVAIL))
        slot->state = PR_ABSENT;
}

int pr_hold_share(const struct pr_hold_entry *entry, const struct pr_hold_slot *slot)
{
    if (slot->fd < 0)
        return 0;
    // In this order: shared before it is nowhere, it could get an owner's datagrams. Once only: to bind to an interface
    // what is bound to one needs CAP_NET_RAW.
    if (entry->protocol == PR_UDP && !slot->is_nowhere && option(slot->fd, SOL_SOCKET, SO_BINDTOIFINDEX, nowhere) != 0)
        return -1;
    return option(slot->fd, SOL_SOCKET, SO_REUSEADDR, on);
}
