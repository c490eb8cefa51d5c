// bindresvport(), bindresvport_sa() and libgssrpc's copies of them, by the allocate() of the one file of a library that
// includes this: `unsupported` is the errno for a family that is none of its own, `exact` says that the caller's port
// is a request.
#ifndef PR_EXPORTED_H
#define PR_EXPORTED_H

#include "shim.h"

#include <errno.h>

static int allocate(int fd, struct sockaddr *address, int unsupported, bool exact);

// NOLINTBEGIN(misc-definitions-in-headers): of one file, as said above.
PR_EXPORT int bindresvport(int fd, struct sockaddr_in *address)
{
    return allocate(fd, (struct sockaddr *)address, EAFNOSUPPORT, false);
}

PR_EXPORT int bindresvport_sa(int fd, struct sockaddr *address)
{
    return allocate(fd, address, EPFNOSUPPORT, true);
}

// Unlike libtirpc's, libgssrpc's ignores the caller's port, and its two functions are one.
PR_EXPORT int gssrpc_bindresvport_sa(int fd, struct sockaddr *address)
{
    return allocate(fd, address, EPFNOSUPPORT, false);
}

PR_EXPORT int gssrpc_bindresvport(int fd, struct sockaddr_in *address) __attribute__((alias("gssrpc_bindresvport_sa")));
// NOLINTEND(misc-definitions-in-headers)

#endif
