// What is wrong with a shim, one thing for each macro; with ALONE it has the shim's mark and nothing else of it,
// otherwise the shim's own code is linked with it.
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#ifdef ALONE
extern const char portreserve_shim[];
const char portreserve_shim[] = "portreserve of a test";
#endif

#if defined PRETENDS
// Exports all that the shim exports, and takes whichever port the kernel lets it have.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
int bindresvport(int sd, struct sockaddr_in *sin);
int bindresvport(int sd, struct sockaddr_in *sin)
{
    (void)sin;
    for (in_port_t port = 1023; port >= 600; port--) {
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
        if (bind(sd, (struct sockaddr *)&any, sizeof any) == 0) {
            return 0;
        }
    }
    return -1;
}
#elif defined UNDEFINED
int no_such_function(void);
static int (*volatile keep)(void);
#elif defined NEWER
int newfunction(void);
static int (*volatile keep)(void);
#endif

#ifdef IN_PLACE
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static int look(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    if (info->dlpi_addr == (ElfW(Addr))__ehdr_start && strstr(info->dlpi_name, "/libportreserve.so") != NULL) {
        *(int *)found = 1;
    }
    return 0;
}
#endif

__attribute__((constructor)) static void start(void)
{
#if defined CRASHES
    abort();
#elif defined PRINTS
    if (write(2, "hello\n", 6) < 0) {
        abort();
    }
#elif defined PRINTS_OUT
    if (write(1, "hello\n", 6) < 0) {
        abort();
    }
#elif defined EXITS
    _exit(0);
#elif defined EXITS_OTHERWISE
    _exit(7);
#elif defined HANGS
    pause();
#elif defined SETUID
    if (getauxval(AT_SECURE) != 0) {
        abort();
    }
#elif defined LISTED
    if (getenv("LD_PRELOAD") == NULL) {
        abort();
    }
#elif defined OTHERS
    if (geteuid() != 0 && getauxval(AT_SECURE) == 0) {
        abort();
    }
#elif defined IN_PLACE
    int found = 0;
    dl_iterate_phdr(look, &found);
    if (found) {
        abort();
    }
#elif defined UNDEFINED
    keep = no_such_function;
#elif defined NEWER
    keep = newfunction;
#endif
}
