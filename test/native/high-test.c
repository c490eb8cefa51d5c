// The code of the library for services that need no privileged port inside one program, for sanitizers: every function
// gives a port that the kernel chooses, with the right to privileged ones or without, and keeps the rest of its
// contract.
#include "../../native/preload/shim.h"
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <netdb.h>
#include <unistd.h>

int bindresvport_sa(int fd, struct sockaddr *address);
int gssrpc_bindresvport(int fd, struct sockaddr_in *address);
int gssrpc_bindresvport_sa(int fd, struct sockaddr *address);

typedef int (*allocator)(int fd, struct sockaddr *address);

static int glibcs(int fd, struct sockaddr *address)
{
    return bindresvport(fd, (struct sockaddr_in *)address);
}

static int gssrpcs(int fd, struct sockaddr *address)
{
    return gssrpc_bindresvport(fd, (struct sockaddr_in *)address);
}

static const struct {
    allocator call;
    int unsupported;
} all[] = {{glibcs, EAFNOSUPPORT},
           {bindresvport_sa, EPFNOSUPPORT},
           {gssrpcs, EPFNOSUPPORT},
           {gssrpc_bindresvport_sa, EPFNOSUPPORT}};

enum { ALL = sizeof all / sizeof *all };

static unsigned bound_port(int fd)
{
    union pr_address address = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t length = sizeof address;

    CHECK(getsockname(fd, &address.any, &length) == 0);
    return ntohs(address.in.sin_port);
}

static union pr_address address_of(sa_family_t family, unsigned port)
{
    union pr_address address = {.in6 = {.sin6_family = family}};

    address.in.sin_port = htons((uint16_t)port);
    return address;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): CHECK is a branch each.
static void gives_a_high_port_and_says_which(void)
{
    static const sa_family_t families[] = {AF_INET, AF_INET6};
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

    for (int i = 0; i < ALL * 4; i++) {
        const sa_family_t family = families[i / 2 % 2];
        union pr_address address = address_of(family, 0);
        const int fd = socket(family, types[i % 2], 0), other = socket(family, types[i % 2], 0);

        errno = 4711;
        CHECK(all[i / 4].call(fd, &address.any) == 0);
        CHECK(errno == 4711);
        CHECK(ntohs(address.in.sin_port) >= 1024);
        CHECK(ntohs(address.in.sin_port) == bound_port(fd));
        CHECK(address.any.sa_family == family);
        // Without an address, the socket's own family counts.
        CHECK(all[i / 4].call(other, NULL) == 0);
        CHECK(errno == 4711);
        CHECK(bound_port(other) >= 1024);
        close(fd);
        close(other);
    }
}

// Only libtirpc's function takes the caller's port for a request.
static void asked_for_by_number_in_one_of_them(void)
{
    for (int i = 0; i < ALL; i++) {
        const bool exact = all[i].call == bindresvport_sa;
        const int fd = socket(AF_INET, SOCK_DGRAM, 0), late = socket(AF_INET, SOCK_DGRAM, 0);
        union pr_address address = address_of(AF_INET, 834), again = address;

        CHECK(all[i].call(fd, &address.any) == 0);
        CHECK(exact ? ntohs(address.in.sin_port) == 834 : ntohs(address.in.sin_port) >= 1024);
        CHECK(bound_port(fd) == ntohs(address.in.sin_port));
        // What is busy, it does not get.
        CHECK(all[i].call(late, &again.any) == 0);
        CHECK(ntohs(again.in.sin_port) >= 1024);
        close(fd);
        close(late);
    }
}

static void keeps_the_address_that_was_asked_for(void)
{
    for (int i = 0; i < ALL; i++) {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        union pr_address address = address_of(AF_INET, 0), found = address;
        socklen_t length = sizeof found;

        address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CHECK(all[i].call(fd, &address.any) == 0);
        CHECK(getsockname(fd, &found.any, &length) == 0);
        CHECK(found.in.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        CHECK(address.in.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        close(fd);
    }
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): as above.
static void says_what_is_wrong(allocator call, int unsupported)
{
    const int local = socket(AF_UNIX, SOCK_DGRAM, 0), four = socket(AF_INET, SOCK_DGRAM, 0);
    union pr_address address = address_of(AF_UNIX, 7), six = address_of(AF_INET6, 7);

    CHECK(call(local, &address.any) == -1 && errno == unsupported);
    CHECK(ntohs(address.in.sin_port) == 7);
    CHECK(call(local, NULL) == -1 && errno == unsupported);
    CHECK(call(-1, NULL) == -1 && errno == EBADF);
    CHECK(call(STDIN_FILENO, NULL) == -1 && errno == ENOTSOCK);
    // What the kernel refuses for another reason than a busy port is its answer, and the caller's address stays.
    CHECK(call(four, &six.any) == -1 && errno == EAFNOSUPPORT);
    CHECK(ntohs(six.in.sin_port) == 7);
    CHECK(call(four, NULL) == 0);
    CHECK(call(four, NULL) == -1 && errno == EINVAL);
    close(four);
    close(local);
}

static void makes_sockets_too(void)
{
    int port = 900;
    const int fd = rresvport(&port);

    CHECK(fd >= 0 && port >= 1024 && bound_port(fd) == (unsigned)port);
    close(fd);
    port = 1023;
    const int six = rresvport_af(&port, AF_INET6);
    CHECK(six >= 0 && port >= 1024 && bound_port(six) == (unsigned)port);
    close(six);
    CHECK(rresvport_af(&port, AF_UNIX) == -1 && errno == EAFNOSUPPORT);
}

static void needs_no_right(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}};
    union pr_address low = address_of(AF_INET, 834);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK(pr_call3(SYS_capset, (long)&header, (long)none, 0) == 0);
    // The control, and what is asked for by number stays as it was.
    CHECK(bind(fd, &low.any, sizeof low.in) == -1 && errno == EACCES);
    CHECK(bindresvport_sa(fd, &low.any) == -1 && errno == EACCES);
    close(fd);
    gives_a_high_port_and_says_which();
    makes_sockets_too();
}

int main(void)
{
    CHECK(freopen("/dev/null", "r", stdin) != NULL);
    gives_a_high_port_and_says_which();
    asked_for_by_number_in_one_of_them();
    keeps_the_address_that_was_asked_for();
    for (int i = 0; i < ALL; i++)
        says_what_is_wrong(all[i].call, all[i].unsupported);
    makes_sockets_too();
    needs_no_right();
    return failures ? 1 : 0;
}
