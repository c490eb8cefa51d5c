// The allocators by name, as the program's loader resolves them.
#include "probe.h"

#include <netdb.h>
#include <string.h>

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

static int bind_any(int fd, struct sockaddr *address)
{
    return bind(fd, address, address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

const struct symbol *find_symbol(const char *name)
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
