// A user's process that swaps a socket for a file of its own FUSE file system, without end: `swapped FOLDER`, as root
// in a mount namespace of its own. Prints its process id, the descriptor and the socket's inode. Nobody else's close()
// of a copy of that file is answered until its server, which is the process that was started, is killed. The control,
// `swapped look PID FD`: copies it and closes the copy for a second, as of old.
#include "../system/fuse-reply.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PLACE = 50, USER = 65534 };

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static int device, swapper;

static struct fuse_attr attributes(unsigned long long node)
{
    struct fuse_attr ret = {.ino = node, .nlink = 1, .uid = USER, .gid = USER};

    ret.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0666;
    return ret;
}

static void answer(const struct fuse_in_header *in)
{
    const struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536};
    const struct fuse_entry_out entry = {.nodeid = 2, .entry_valid = 60, .attr_valid = 60, .attr = attributes(2)};
    const struct fuse_attr_out about = {.attr_valid = 60, .attr = attributes(in->nodeid)};
    const struct fuse_open_out open = {.fh = 1};

    switch (in->opcode) {
    case FUSE_INIT:
        reply(device, in->unique, 0, &init, sizeof init);
        return;
    case FUSE_LOOKUP:
        reply(device, in->unique, 0, &entry, sizeof entry);
        return;
    case FUSE_GETATTR:
        reply(device, in->unique, 0, &about, sizeof about);
        return;
    case FUSE_OPEN:
        reply(device, in->unique, 0, &open, sizeof open);
        return;
    case FUSE_FLUSH:
        if (in->pid == (unsigned)swapper)
            reply(device, in->unique, 0, NULL, 0);
        return;
    case FUSE_FORGET:
    case FUSE_INTERRUPT:
        return;
    default:
        reply(device, in->unique, in->opcode == FUSE_RELEASE ? 0 : ENOSYS, NULL, 0);
    }
}

static void serve(void)
{
    static _Alignas(struct fuse_in_header) char request[BUFFER];

    while (read(device, request, sizeof request) > 0)
        answer((const struct fuse_in_header *)request);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Ends with the server.
static int swap(const char *folder)
{
    char name[4096];
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct stat status;

    close(device);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(name, sizeof name, "%s/file", folder);
    const int file = open(name, O_RDWR), own = socket(AF_INET, SOCK_STREAM, 0);
    if (file < 0 || bind(own, (const struct sockaddr *)&address, sizeof address) != 0 || fstat(own, &status) != 0 ||
        dup2(own, PLACE) != PLACE)
        return 1;
    printf("%d %d %lu\n", (int)getpid(), PLACE, (unsigned long)status.st_ino);
    fflush(stdout);
    for (;;) {
        usleep(1000);
        dup2(file, PLACE);
        usleep(1000);
        dup2(own, PLACE);
    }
}

static int look(int pid, int fd)
{
    const int process = (int)syscall(SYS_pidfd_open, pid, 0);

    for (const double end = now() + 1; now() < end;)
        close((int)syscall(SYS_pidfd_getfd, process, fd, 0));
    puts("looked");
    return 0;
}

int main(int argc, char **argv)
{
    char options[128];

    if (argc == 4 && strcmp(argv[1], "look") == 0)
        return look(atoi(argv[2]), atoi(argv[3]));
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%d,group_id=%d", device, USER, USER);
    if (device < 0 || argc != 2 || mount("swapped", argv[1], "fuse.swapped", MS_NOSUID | MS_NODEV, options) != 0 ||
        setgid(USER) != 0 || setuid(USER) != 0)
        return 1;
    swapper = fork();
    if (swapper == 0)
        return swap(argv[1]);
    serve();
    return 0;
}
