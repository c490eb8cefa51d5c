// A library with allocators of its own, which it calls itself as libtirpc does.
int bindresvport_sa(int fd, void *address);
int bindresvport(int fd, void *address);

int bindresvport_sa(int fd, void *address)
{
    return address == 0 ? -1 : fd;
}

int bindresvport(int fd, void *address)
{
    return bindresvport_sa(fd, address) + 1;
}
