// Has a library open its sockets, as users of an RPC library do.
#include "holder.h"

int rpc_socket(int *ret_socket);

int take(int *ret_socket)
{
    return rpc_socket(ret_socket);
}
