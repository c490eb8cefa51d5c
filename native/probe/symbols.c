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

static struct symbol symbols[] = {
    {"bindresvport", 0, bindresvport, NULL, NULL},
    {"bindresvport_sa", 0, NULL, NULL, NULL},
    {"rresvport", 0, NULL, NULL, rresvport_of},
    {"rresvport_af", 0, NULL, NULL, rresvport_af_of},
    {"gssrpc_bindresvport", 0, NULL, NULL, NULL},
    {"gssrpc_bindresvport_sa", 0, NULL, NULL, NULL},
    {"bind", 0, NULL, bind_any, NULL},
};

_Static_assert(sizeof symbols / sizeof *symbols == ALLOCATORS + 1, "bind() comes last and is no allocator");

// What only the loader knows is filled in here.
static void resolve(void)
{
    symbols[1].any = bindresvport_sa;
    symbols[4].in = gssrpc_bindresvport;
    symbols[5].any = gssrpc_bindresvport_sa;
    symbols[0].provider = (uintptr_t)bindresvport;
    symbols[1].provider = (uintptr_t)bindresvport_sa;
    symbols[2].provider = (uintptr_t)rresvport;
    symbols[3].provider = (uintptr_t)rresvport_af;
    symbols[4].provider = (uintptr_t)gssrpc_bindresvport;
    symbols[5].provider = (uintptr_t)gssrpc_bindresvport_sa;
}

const struct symbol *symbol_at(size_t index)
{
    resolve();
    return &symbols[index];
}

const struct symbol *find_symbol(const char *name)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (strcmp(symbols[i].name, name) == 0)
            return symbol_at(i);
    return NULL;
}
