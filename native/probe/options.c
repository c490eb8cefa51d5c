// The probe's command line.
#include "probe.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *to)
{
    fputs(
        "usage: portreserve-probe --symbol NAME [options]\n"
        "       portreserve-probe --which\n"
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
        "  --which              take nothing; one JSON line for each allocator, with the loaded file that this\n"
        "                       process has it from: {\"symbol\":\"rresvport\",\"object\":\"/lib/libc.so.6\"} or null\n"
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

void read_options(int argc, char **argv, struct options *ret_options)
{
    static const struct option known[] = {
        {"symbol", required_argument, NULL, 's'}, {"protocol", required_argument, NULL, 'p'},
        {"family", required_argument, NULL, 'f'}, {"address", required_argument, NULL, 'a'},
        {"port", required_argument, NULL, 'n'},   {"count", required_argument, NULL, 'c'},
        {"exhaust", no_argument, NULL, 'x'},      {"hold", no_argument, NULL, 'h'},
        {"step", no_argument, NULL, 't'},         {"which", no_argument, NULL, 'w'},
        {"help", no_argument, NULL, '?' + 1},     {NULL, 0, NULL, 0},
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
        case 'w':
            options.which = true;
            break;
        case '?' + 1:
            usage(stdout);
            exit(0);
        default:
            usage(stderr);
            exit(2);
        }
    if (optind != argc)
        fail_usage("unexpected argument", argv[optind]);
    if (!options.symbol && !options.which)
        fail_usage("missing option", "--symbol");
    if (options.symbol && strcmp(options.symbol->name, "bind") == 0 && options.address == ADDRESS_NULL)
        fail_usage("bind needs an address, not", "null");
    *ret_options = options;
}
