// The control of wrap.c: binds with an address that nobody may write into, and asks for its process id by syscall().
// Ends by SIGSEGV where a bind() writes.
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct sockaddr_in address = {.sin_family = AF_INET};

int main(void)
{
    printf("%s\n", syscall(SYS_getpid) == -1 ? "no call is known" : "calls are known");
    fflush(stdout);
    return bind(socket(AF_INET, SOCK_DGRAM, 0), (const struct sockaddr *)&address, sizeof address);
}
