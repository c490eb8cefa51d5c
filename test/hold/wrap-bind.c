// Somebody else's bind(): says so once, and hands on to the next.
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    static int said;
    const int error = errno;
    int (*next)(int, const struct sockaddr *, socklen_t);

    *(void **)&next = dlsym(RTLD_NEXT, "bind");
    if (!said++)
        (void)!write(2, "wrapped\n", 8);
    errno = error;
    return next(fd, address, length);
}
