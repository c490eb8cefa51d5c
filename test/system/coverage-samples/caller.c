// Calls an allocator of libc only when it is given arguments; else says where it is, and waits until its input ends.
#include <netinet/in.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return bindresvport(argc, NULL);
    int (*volatile function)(int, struct sockaddr_in *) = bindresvport;
    printf("%p\n", (void *)function);
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
}
