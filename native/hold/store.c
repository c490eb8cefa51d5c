// The service manager's descriptor store, as sd_notify(3) has it: it keeps a second descriptor of each socket, so that
// a port stays bound whatever becomes of this program, and hands them back at the next start.
//
// What comes back is looked at before it is used: a socket that differs in any way from one that was given could get
// what is meant for an owner, or hold a port that nobody asked for.
#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

// The first descriptor that is handed over, and how many there may be.
enum { FIRST = 3, MOST = 65536 };

// "portreserve-tcp4-65535", and more than FDNAME may be long.
enum { NAME = 32, ANY_NAME = 256 };

static bool is_used, has_failed, is_unsettled;

static void name_of(char ret_name[NAME], const struct pr_hold_entry *entry, int family)
{
    struct pr_text text = {.fd = -1, .failed = false, .length = 0};

    pr_text_add(&text, entry->protocol == PR_TCP ? "portreserve-tcp" : "portreserve-udp");
    pr_text_add(&text, family ? "6-" : "4-");
    pr_text_number(&text, entry->port);
    memcpy(ret_name, text.bytes, text.length);
    ret_name[text.length] = '\0';
}

static bool tell(const char *words, const char *name, int fd)
{
    struct pr_text text = {.fd = -1, .failed = false, .length = 0};

    pr_text_add(&text, words);
    pr_text_add(&text, "\nFDNAME=");
    pr_text_add(&text, name);
    if (pr_hold_notify(text.bytes, text.length, fd)) {
        has_failed = false;
        return true;
    }
    if (!has_failed && is_used)
        pr_say("error: the service manager cannot be told what is held (", pr_error_name(errno),
               "); it is held all the same while this process runs", NULL);
    has_failed = true;
    return false;
}

bool pr_hold_give(const struct pr_hold_entry *entry, int family, int fd)
{
    char name[NAME];

    if (!is_used)
        return false;
    name_of(name, entry, family);
    // A socket that does not listen polls as hung up, for which the manager would close it.
    return tell("FDSTORE=1\nFDPOLL=0", name, fd);
}

void pr_hold_take_back(const struct pr_hold_entry *entry, int family)
{
    char name[NAME];

    if (!is_used)
        return;
    name_of(name, entry, family);
    is_unsettled |= tell("FDSTOREREMOVE=1", name, -1);
}

// The manager closes what came with a message once it has done all that came before.
void pr_hold_settle(void)
{
    static const char message[] = "BARRIER=1";
    const struct timeval patience = {.tv_sec = PR_HOLD_PATIENCE};
    int ends[2];
    char byte;

    if (!is_unsettled || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    is_unsettled = false;
    const bool sent = pr_hold_notify(message, sizeof message - 1, ends[1]);
    close(ends[1]);
    if (sent && setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0)
        (void)!read(ends[0], &byte, 1);
    close(ends[0]);
}

// -1 where it has no such option.
static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

// How many instructions its filter has.
static unsigned filter_of(int fd)
{
    socklen_t size = 0;

    return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &size) == 0 ? size : 0;
}

// The port that it is bound to, at every address; 0 where it is not, or is connected.
static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    const struct sockaddr_in *const ipv4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *const ipv6 = (const struct sockaddr_in6 *)&address;
    socklen_t size = sizeof address;

    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ipv4->sin_addr.s_addr == INADDR_ANY ? ntohs(ipv4->sin_port) : 0;
    return memcmp(&ipv6->sin6_addr, &in6addr_any, sizeof in6addr_any) == 0 ? ntohs(ipv6->sin6_port) : 0;
}

// NULL, or what is there that no socket of ours has; one of UDP to hold is nowhere, and all others are everywhere.
static const char *unfit(int fd, const struct pr_hold_entry *entry, int family)
{
    const int interface = option_of(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
    const bool is_udp = entry->protocol == PR_UDP;

    if (option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) != 0)
        return "it listens";
    if (option_of(fd, SOL_SOCKET, SO_REUSEPORT) > 0)
        return "it has SO_REUSEPORT";
    if (family && option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
        return "it is of IPv4 too";
    if (is_udp && entry->kind != PR_BLOCK)
        return interface == INT_MAX ? NULL : "it would get what is meant for the owner";
    if (interface > 0)
        return "it is bound to an interface";
    return is_udp && filter_of(fd) != 1 ? "it would keep what it gets" : NULL;
}

// NULL with what the socket holds, or why it is none that was given.
static const char *recognise(int fd, const char *name, struct pr_hold_entry *ret_entry, int *ret_family)
{
    const int domain = option_of(fd, SOL_SOCKET, SO_DOMAIN), protocol = option_of(fd, SOL_SOCKET, SO_PROTOCOL);
    const bool shares = option_of(fd, SOL_SOCKET, SO_REUSEADDR) == 1;
    char expected[NAME];

    if ((domain != AF_INET && domain != AF_INET6) || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP))
        return "it is neither of TCP nor of UDP";
    struct pr_hold_entry entry = {.port = port_of(fd),
                                  .protocol = protocol == IPPROTO_TCP ? PR_TCP : PR_UDP,
                                  .kind = shares ? PR_HOLD : PR_BLOCK};
    // A block that was on its way to a hold when the program ended.
    if (!shares && option_of(fd, SOL_SOCKET, SO_BINDTOIFINDEX) == INT_MAX && filter_of(fd) == 1)
        entry.kind = PR_MIXED;
    if (entry.port == 0)
        return "it is not bound at every address";
    name_of(expected, &entry, domain == AF_INET6);
    if (strcmp(name, expected) != 0)
        return "that is not its name";
    *ret_entry = entry;
    *ret_family = domain == AF_INET6;
    return unfit(fd, ret_entry, *ret_family);
}

static unsigned long number_in(const char *name)
{
    const char *const text = getenv(name);

    return text ? strtoul(text, NULL, 10) : 0;
}

// Copies the first of names that colons separate, and returns the others.
static const char *next_name(const char *names, char ret_name[ANY_NAME])
{
    const size_t length = strcspn(names, ":"), copied = length < ANY_NAME ? length : ANY_NAME - 1;

    memcpy(ret_name, names, copied);
    ret_name[copied] = '\0';
    return names + length + (names[length] == ':');
}

void pr_hold_inherit(void)
{
    const char *names = getenv("LISTEN_FDNAMES");
    const unsigned long count = number_in("LISTEN_PID") == (unsigned long)getpid() ? number_in("LISTEN_FDS") : 0;

    is_used = getenv("NOTIFY_SOCKET") != NULL;
    for (int fd = FIRST; fd < FIRST + (int)(count < MOST ? count : MOST) && fcntl(fd, F_GETFD) >= 0; fd++) {
        struct pr_hold_entry entry;
        char name[ANY_NAME] = "";
        int family;

        names = names ? next_name(names, name) : NULL;
        const char *reason = recognise(fd, name, &entry, &family);
        if (!reason)
            reason = pr_hold_adopt(&entry, family, fd);
        if (!reason)
            continue;
        pr_say("error: the socket '", name, "' that the service manager hands over is closed: ", reason, NULL);
        close(fd);
        is_unsettled |= tell("FDSTOREREMOVE=1", name, -1);
    }
    // All of one name are gone with it; of what the manager has still it takes no second one.
    if (is_unsettled)
        pr_hold_give_again();
    pr_hold_settle();
}
