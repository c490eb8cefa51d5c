// Has an RPC library open its sockets, which it loads when it starts, and calls when it needs one. OPEN() loads it.
#include "holder.h"

#include <dlfcn.h>
#include <stddef.h>

static void *library;

__attribute__((constructor)) static void load(void)
{
    library = OPEN();
}

int take(int *ret_socket)
{
    int (*const rpc_socket)(int *) = library ? (int (*)(int *))dlsym(library, "rpc_socket") : NULL;

    return rpc_socket ? rpc_socket(ret_socket) : -1;
}
