// A FUSE file system of one file, "program" or "portreserve.table", which says what another file says: `fuse-server
// FILE FOLDER [OPTIONS [USER]]`. Prints "ready" once it is mounted, with the user id of whoever runs it as its owner.
// After SIGUSR1 it reads nothing any more, as a server that hangs, and prints "hangs"; after SIGUSR2 it prints "deaf",
// and reads every question, but answers only those of a program called "stat", after another one not even these: who
// waits cannot be killed.
#include "fuse-reply.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROGRAM = 2 };

static int file;
static struct stat status;

static void hang(int signal)
{
    (void)signal;
    if (write(STDOUT_FILENO, "hangs\n", 6) != 6)
        _exit(1);
    for (;;)
        pause();
}

static volatile sig_atomic_t is_deaf;

static void deafen(int signal)
{
    (void)signal;
    const char *const said = is_deaf ? "stone-deaf\n" : "deaf\n";

    is_deaf += 1;
    if (write(STDOUT_FILENO, said, strlen(said)) < 0)
        _exit(1);
}

static int is_called_stat(unsigned pid)
{
    char name[64];
    char comm[8] = "";

    snprintf(name, sizeof name, "/proc/%u/comm", pid);
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, comm, sizeof comm - 1);
    if (fd >= 0)
        close(fd);
    return got > 0 && strcmp(comm, "stat\n") == 0;
}

static struct fuse_attr attributes(unsigned long long node)
{
    struct fuse_attr ret = {.ino = node, .nlink = 1, .blksize = 4096, .uid = geteuid(), .gid = getegid()};

    ret.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0755;
    ret.size = node == FUSE_ROOT_ID ? 0 : (unsigned long long)status.st_size;
    return ret;
}

static void answer(int device, const struct fuse_in_header *in, const void *argument)
{
    static char bytes[BUFFER - sizeof(struct fuse_out_header)];

    switch (in->opcode) {
    case FUSE_INIT: {
        struct fuse_init_out out = {
            .major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 65536, .max_write = 65536};

        reply(device, in->unique, 0, &out, sizeof out);
        return;
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out out = {.nodeid = PROGRAM, .attr = attributes(PROGRAM)};

        if (in->nodeid != FUSE_ROOT_ID ||
            (strcmp(argument, "program") != 0 && strcmp(argument, "portreserve.table") != 0))
            reply(device, in->unique, ENOENT, NULL, 0);
        else
            reply(device, in->unique, 0, &out, sizeof out);
        return;
    }
    case FUSE_GETATTR: {
        struct fuse_attr_out out = {.attr = attributes(in->nodeid)};

        reply(device, in->unique, 0, &out, sizeof out);
        return;
    }
    case FUSE_STATFS: {
        struct fuse_statfs_out out = {.st = {.bsize = 4096, .frsize = 4096, .namelen = 255}};

        reply(device, in->unique, 0, &out, sizeof out);
        return;
    }
    case FUSE_OPENDIR:
    case FUSE_OPEN: {
        struct fuse_open_out out = {.fh = 1};

        reply(device, in->unique, 0, &out, sizeof out);
        return;
    }
    case FUSE_READ: {
        const struct fuse_read_in *const read_in = argument;
        const size_t size = read_in->size < sizeof bytes ? read_in->size : sizeof bytes;
        const ssize_t got = pread(file, bytes, size, (off_t)read_in->offset);

        reply(device, in->unique, got < 0 ? errno : 0, bytes, got < 0 ? 0 : (size_t)got);
        return;
    }
    case FUSE_READDIR:
    case FUSE_RELEASEDIR:
    case FUSE_RELEASE:
    case FUSE_FLUSH:
        reply(device, in->unique, 0, NULL, 0);
        return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        return;
    default:
        reply(device, in->unique, ENOSYS, NULL, 0);
    }
}

int main(int argc, char **argv)
{
    static char request[BUFFER];
    char options[256];
    const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    file = argc < 3 ? -1 : open(argv[1], O_RDONLY);
    if (device < 0 || file < 0 || fstat(file, &status) != 0)
        return 1;
    // The kernel asks for the owner's ids; only root may mount, so the program drops its own behind it.
    const unsigned id = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : geteuid();

    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u%s%s", device, id, id,
             argc > 3 && *argv[3] ? "," : "", argc > 3 ? argv[3] : "");
    if (mount("fuse-test", argv[2], "fuse", MS_NOSUID | MS_NODEV, options) != 0)
        return 2;
    if (setgid(id) != 0 || setuid(id) != 0)
        return 3;
    signal(SIGUSR1, hang);
    signal(SIGUSR2, deafen);
    puts("ready");
    fflush(stdout);
    for (;;) {
        const ssize_t got = read(device, request, sizeof request);

        if (got < 0 && (errno == EINTR || errno == ENOENT))
            continue;
        if (got < (ssize_t)sizeof(struct fuse_in_header))
            return 0;
        const struct fuse_in_header *const in = (const struct fuse_in_header *)request;

        if (is_deaf > 1 || (is_deaf && !is_called_stat(in->pid)))
            continue;
        answer(device, in, request + sizeof *in);
    }
}
