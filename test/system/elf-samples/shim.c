// A library like the shim, whose faults are chosen by macros: each makes it unfit for a host in one way.
#include <sys/socket.h>

#ifndef UNMARKED
extern const char portreserve_shim[];
const char portreserve_shim[] = "portreserve sample";
#endif

extern int portreserve_test_absent(void);

#ifdef WEAK
#pragma weak portreserve_test_absent
#endif

// A reference that the loader has to settle when the library is loaded.
int (*const portreserve_sample)(int, const struct sockaddr *, socklen_t) = bind;

#ifdef ABSENT
int (*const portreserve_absent)(void) = portreserve_test_absent;
#endif

#ifdef TEXTREL
__asm__(".pushsection .text\n.balign 8\n.quad portreserve_sample\n.popsection\n");
#endif

#ifdef PROGRAM
int main(void)
{
    return 0;
}
#endif
