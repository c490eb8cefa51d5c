// The implementations of bindresvport() that can be measured, by name.
#ifndef PR_ALLOCATORS_H
#define PR_ALLOCATORS_H

#include <netinet/in.h>
#include <stddef.h>

// The exit status where an implementation or a library is not here.
enum { ALLOCATOR_UNAVAILABLE = 3 };

typedef int allocator(int, struct sockaddr_in *);

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

// 'nothing', 'bind', 'glibc', 'shim', or the file name of a library. Ends the program where it is not here.
allocator *allocator_find(const char *name);

// The free ports, as decimal numbers, that 'bind' binds to in turn.
void allocator_set_ports(int family, char **numbers, size_t count);

// A library by its file name, and a symbol of it, of whichever type `ret` points to. End the program where there is
// none.
void *allocator_library(const char *name);
void allocator_look_up(void *library, const char *name, void *ret);

#endif
