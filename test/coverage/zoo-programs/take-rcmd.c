// Asks for ports as rsh does, through rcmd(); it never gets one, since there is no such host.
#include "holder.h"

#include <netdb.h>
#include <stddef.h>

int take(int *ret_socket)
{
    static char nowhere[] = "host.invalid";
    char *host = nowhere;

    *ret_socket = -1;
    return rcmd(&host, 514, "root", "root", "true", NULL);
}
