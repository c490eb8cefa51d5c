// Finds implementations of bindresvport(), and has two that only a measurement needs: a bare bind(), and nothing at
// all.
#include "allocators.h"
#include "bench.h"

#include <dlfcn.h>
#include <stdbool.h>

static in_port_t *ports; // as the kernel wants them
static size_t port_count;
static int family;

void allocator_set_ports(int of_family, char **numbers, size_t count)
{
    family = of_family;
    port_count = count;
    ports = calloc(count, sizeof *ports);
    if (!ports)
        bench_fail("calloc");
    for (size_t i = 0; i < count; i++)
        ports[i] = htons((in_port_t)strtoul(numbers[i], NULL, 10));
}

// What a program does that knows a free port: the least that any allocator can cost.
static int bare_bind(int fd, struct sockaddr_in *unused)
{
    static size_t next;
    union address address = {.in6 = {.sin6_family = (sa_family_t)family}};

    (void)unused;
    address.in.sin_port = ports[next];
    next = next + 1 < port_count ? next + 1 : 0;
    return bind(fd, &address.any, family == AF_INET ? sizeof address.in : sizeof address.in6);
}

// What the loop around a call costs.
static int nothing(int fd, struct sockaddr_in *unused)
{
    (void)unused;
    return fd < 0;
}

static void unavailable(void)
{
    fprintf(stderr, "%s\n", dlerror());
    exit(ALLOCATOR_UNAVAILABLE);
}

// Through a pointer, as POSIX has it, for C has no conversion from an object's address to a function's.
void allocator_look_up(void *library, const char *name, void *ret)
{
    void **const place = ret;

    *place = dlsym(library, name);
    if (!*place)
        unavailable();
}

void *allocator_library(const char *name)
{
    void *const library = dlopen(name, RTLD_NOW);

    if (!library)
        unavailable();
    return library;
}

allocator *allocator_find(const char *name)
{
    const bool preloaded = dlsym(RTLD_DEFAULT, "portreserve_shim") != NULL, shim = strcmp(name, "shim") == 0;
    allocator *function;

    if (preloaded != shim) {
        fprintf(stderr, "error: the shim is %s\n", preloaded ? "there" : "not there");
        exit(1);
    }
    if (strcmp(name, "nothing") == 0)
        return nothing;
    if (strcmp(name, "bind") == 0)
        return bare_bind;
    allocator_look_up(shim || strcmp(name, "glibc") == 0 ? RTLD_DEFAULT : allocator_library(name), "bindresvport",
                      &function);
    return function;
}
