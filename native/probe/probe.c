// portreserve-probe: allocates privileged ports exactly as daemons do, and prints what it got as JSON lines.
// The tests, the demo and `portreservectl verify` take its word, so it never guesses: every line is a system's answer.
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// glibc has three of the six; the others exist where the shim or an RPC library is loaded.
extern int bindresvport_sa(int, struct sockaddr *) __attribute__((weak));
extern int gssrpc_bindresvport(int, struct sockaddr_in *) __attribute__((weak));
extern int gssrpc_bindresvport_sa(int, struct sockaddr *) __attribute__((weak));

static int rresvport_af_of(int *port, sa_family_t family)
{
    return rresvport_af(port, family);
}

static int rresvport_of(int *port, sa_family_t family)
{
    (void)family;
    return rresvport(port);
}

struct symbol {
    const char *name;
    int (*in)(int, struct sockaddr_in *); // one of the three is set, unless nothing loaded has the symbol
    int (*any)(int, struct sockaddr *);
    int (*down)(int *, sa_family_t);
};

static int bind_any(int fd, struct sockaddr *address)
{
    return bind(fd, address, address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

struct options {
    const struct symbol *symbol;
    int family, type;
    enum { ADDRESS_ANY, ADDRESS_NULL, ADDRESS_LOOPBACK } address;
    unsigned port;
    unsigned long count; // 0: until the first failure
    bool hold, step;
};

static void usage(FILE *to)
{
    fputs(
        "usage: portreserve-probe --symbol NAME [options]\n"
        "Allocates privileged ports as daemons do; one JSON line each: {\"port\":631} or {\"error\":\"EADDRINUSE\"}.\n"
        "\n"
        "  --symbol NAME        bindresvport, bindresvport_sa, rresvport, rresvport_af, gssrpc_bindresvport,\n"
        "                       gssrpc_bindresvport_sa, or bind (a plain bind to --port, as a port's owner does)\n"
        "  --protocol tcp|udp   what the socket speaks (tcp)\n"
        "  --family inet|inet6  IPv4 or IPv6 (inet)\n"
        "  --address any|null|loopback\n"
        "                       the address passed in; null: none at all, which most RPC programs do (any)\n"
        "  --port N             the port passed in, 0 to 65535 (0)\n"
        "  --count N            how many ports to take, each kept open (1)\n"
        "  --exhaust            take ports until the first failure\n"
        "  --step               take one port for each line on standard input\n"
        "  --hold               then keep them all until killed\n"
        "\n"
        "exit: 0 the last allocation succeeded, or --exhaust ended in EADDRINUSE or EAGAIN; 1 it failed;\n"
        "      2 usage; 3 nothing loaded has the symbol\n",
        to);
}

static void fail_usage(const char *what, const char *value)
{
    fprintf(stderr, "portreserve-probe: error: %s '%s'\n", what, value);
    usage(stderr);
    exit(2);
}

static unsigned long number(const char *text, unsigned long most)
{
    char *end;

    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value > most)
        fail_usage("not a number in range:", text);
    return value;
}

static const struct symbol *find_symbol(const char *name)
{
    static struct symbol symbols[] = {
        {"bindresvport", bindresvport, NULL, NULL},
        {"bindresvport_sa", NULL, NULL, NULL},
        {"rresvport", NULL, NULL, rresvport_of},
        {"rresvport_af", NULL, NULL, rresvport_af_of},
        {"gssrpc_bindresvport", NULL, NULL, NULL},
        {"gssrpc_bindresvport_sa", NULL, NULL, NULL},
        {"bind", NULL, bind_any, NULL},
    };
    symbols[1].any = bindresvport_sa;
    symbols[4].in = gssrpc_bindresvport;
    symbols[5].any = gssrpc_bindresvport_sa;

    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (strcmp(symbols[i].name, name) == 0)
            return &symbols[i];
    return NULL;
}

// errno's name; strerrorname_np() would ask for glibc 2.32.
static const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
        {EACCES, "EACCES"},
        {EADDRINUSE, "EADDRINUSE"},
        {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
        {EAFNOSUPPORT, "EAFNOSUPPORT"},
        {EAGAIN, "EAGAIN"},
        {EBADF, "EBADF"},
        {EINVAL, "EINVAL"},
        {EMFILE, "EMFILE"},
        {ENFILE, "ENFILE"},
        {ENOTSOCK, "ENOTSOCK"},
        {EPERM, "EPERM"},
        {EPFNOSUPPORT, "EPFNOSUPPORT"},
    };
    static char other[16];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    snprintf(other, sizeof other, "errno %d", error);
    return other;
}

// The port that `fd` is bound to, asked of the kernel.
static unsigned bound_port(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t length = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.sin6_port); // sin_port and sin6_port share their place
}

static int allocate_up(const struct options *options)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options->port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = in6.sin6_port};
    const int fd = socket(options->family, options->type, 0), one = 1;

    if (fd < 0)
        return -1;
    if (options->address == ADDRESS_LOOPBACK) {
        in6.sin6_addr = in6addr_loopback;
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    // So that IPv4 and IPv6 runs do not disturb each other.
    if (options->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    void *address = options->address == ADDRESS_NULL ? NULL : options->family == AF_INET6 ? (void *)&in6 : (void *)&in;
    const struct symbol *symbol = options->symbol;
    if ((symbol->in ? symbol->in(fd, address) : symbol->any(fd, address)) == 0)
        return fd;

    const int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

// Takes one port, says which, and returns 0 or the errno.
static int allocate(const struct options *options, int *down)
{
    const int fd =
        options->symbol->down ? options->symbol->down(down, (sa_family_t)options->family) : allocate_up(options);
    const int failure = fd < 0 ? errno : 0;

    if (fd < 0)
        printf("{\"error\":\"%s\"}\n", error_name(failure));
    else
        printf("{\"port\":%u}\n", bound_port(fd));
    fflush(stdout);
    return failure;
}

static void read_options(int argc, char **argv, struct options *ret_options)
{
    static const struct option known[] = {
        {"symbol", required_argument, NULL, 's'},
        {"protocol", required_argument, NULL, 'p'},
        {"family", required_argument, NULL, 'f'},
        {"address", required_argument, NULL, 'a'},
        {"port", required_argument, NULL, 'n'},
        {"count", required_argument, NULL, 'c'},
        {"exhaust", no_argument, NULL, 'x'},
        {"hold", no_argument, NULL, 'h'},
        {"step", no_argument, NULL, 't'},
        {"help", no_argument, NULL, '?' + 1},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.family = AF_INET, .type = SOCK_STREAM, .count = 1};

    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;)
        switch (c) {
        case 's':
            if (!(options.symbol = find_symbol(optarg)))
                fail_usage("unknown symbol", optarg);
            break;
        case 'p':
            if (strcmp(optarg, "tcp") != 0 && strcmp(optarg, "udp") != 0)
                fail_usage("unknown protocol", optarg);
            options.type = optarg[0] == 't' ? SOCK_STREAM : SOCK_DGRAM;
            break;
        case 'f':
            if (strcmp(optarg, "inet") != 0 && strcmp(optarg, "inet6") != 0)
                fail_usage("unknown family", optarg);
            options.family = optarg[4] ? AF_INET6 : AF_INET;
            break;
        case 'a':
            if (strcmp(optarg, "any") == 0)
                options.address = ADDRESS_ANY;
            else if (strcmp(optarg, "null") == 0)
                options.address = ADDRESS_NULL;
            else if (strcmp(optarg, "loopback") == 0)
                options.address = ADDRESS_LOOPBACK;
            else
                fail_usage("unknown address", optarg);
            break;
        case 'n':
            options.port = (unsigned)number(optarg, 65535);
            break;
        case 'c':
            options.count = number(optarg, 65535);
            break;
        case 'x':
            options.count = 0;
            break;
        case 'h':
            options.hold = true;
            break;
        case 't':
            options.step = true;
            break;
        case '?' + 1:
            usage(stdout);
            exit(0);
        default:
            usage(stderr);
            exit(2);
        }
    if (!options.symbol || optind != argc)
        fail_usage(options.symbol ? "unexpected argument" : "missing option",
                   options.symbol ? argv[optind] : "--symbol");
    if (options.symbol->any == bind_any && options.address == ADDRESS_NULL)
        fail_usage("bind needs an address, not", "null");
    *ret_options = options;
}

int main(int argc, char **argv)
{
    struct options options;

    read_options(argc, argv, &options);
    if (!options.symbol->in && !options.symbol->any && !options.symbol->down) {
        fprintf(stderr, "portreserve-probe: error: nothing loaded has '%s'\n", options.symbol->name);
        return 3;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }

    int down = options.port ? (int)options.port : 1023, failure = 0;
    if (options.step) {
        for (int c; (c = getchar()) != EOF;)
            if (c == '\n')
                failure = allocate(&options, &down);
    } else if (options.count == 0) {
        while ((failure = allocate(&options, &down)) == 0)
            ;
        failure = failure == EADDRINUSE || failure == EAGAIN ? 0 : failure;
    } else {
        for (unsigned long i = 0; i < options.count && failure == 0; i++)
            failure = allocate(&options, &down);
    }
    while (options.hold)
        pause();
    return failure ? 1 : 0;
}
