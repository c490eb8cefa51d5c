// The calls that inject.c counts: everything in libc by which Node and the addon can change a file system.

#define OPENS(name)                                                                                                    \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) == 0 ? 0 : va_arg(more, mode_t);                           \
        va_end(more);                                                                                                  \
        if (!opens_to_change(AT_FDCWD, path, flags))                                                                   \
            return real(path, flags, mode);                                                                            \
        if (stopped("openat", path, ""))                                                                               \
            return -1;                                                                                                 \
        const int fd = real(path, flags, mode);                                                                        \
        finished();                                                                                                    \
        return fd;                                                                                                     \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                                                                 \
    int name(int folder, const char *path, int flags, ...)                                                             \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) == 0 ? 0 : va_arg(more, mode_t);                           \
        va_end(more);                                                                                                  \
        if (!opens_to_change(folder, path, flags))                                                                     \
            return real(folder, path, flags, mode);                                                                    \
        if (stopped("openat", below(folder, path), ""))                                                                \
            return -1;                                                                                                 \
        const int fd = real(folder, path, flags, mode);                                                                \
        finished();                                                                                                    \
        return fd;                                                                                                     \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

PATH(creat, (const char *path, mode_t mode), (path, mode), path)
PATH(creat64, (const char *path, mode_t mode), (path, mode), path)
COUNTED(FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode), writes(mode), "openat", path, "")
COUNTED(FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode), writes(mode), "openat", path, "")
COUNTED(int, -1, mkstemp, (char *path), (path), true, "openat", path, "")
COUNTED(int, -1, mkstemp64, (char *path), (path), true, "openat", path, "")
COUNTED(char *, NULL, mkdtemp, (char *path), (path), true, "mkdir", path, "")

WRITE(write, (int fd, const void *bytes, size_t size), (fd, bytes, part(size)), "write")
WRITE(pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, part(size), at), "pwrite64")
WRITE(pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, part(size), at), "pwrite64")
WRITE(writev, (int fd, const struct iovec *parts, int count), (fd, parts, count), "writev")
WRITE(pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at), "pwritev")
WRITE(pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at), "pwritev")
WRITE(sendfile, (int fd, int from, off_t *at, size_t size), (fd, from, at, part(size)), "sendfile")
WRITE(sendfile64, (int fd, int from, off64_t *at, size_t size), (fd, from, at, part(size)), "sendfile")
WRITE(copy_file_range, (int from, off64_t *from_at, int fd, off64_t *at, size_t size, unsigned flags),
      (from, from_at, fd, at, part(size), flags), "copy_file_range")

HANDLE(fsync, (int fd), (fd), "fsync")
HANDLE(fdatasync, (int fd), (fd), "fdatasync")
HANDLE(ftruncate, (int fd, off_t size), (fd, size), "ftruncate")
HANDLE(ftruncate64, (int fd, off64_t size), (fd, size), "ftruncate")
HANDLE(fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size), "fallocate")
HANDLE(fallocate64, (int fd, int mode, off64_t at, off64_t size), (fd, mode, at, size), "fallocate")
COUNTED(int, plan.error, posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size), true, "fallocate", of(fd), "")
HANDLE(fchmod, (int fd, mode_t mode), (fd, mode), "fchmod")
HANDLE(fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group), "fchown")
HANDLE(fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags), (fd, name, value, size, flags),
       "fsetxattr")
HANDLE(fremovexattr, (int fd, const char *name), (fd, name), "fremovexattr")
HANDLE(futimens, (int fd, const struct timespec times[2]), (fd, times), "utimensat")

PATH(truncate, (const char *path, off_t size), (path, size), path)
PATH(unlink, (const char *path), (path), path)
PATH(rmdir, (const char *path), (path), path)
PATH(mkdir, (const char *path, mode_t mode), (path, mode), path)
PATH(chmod, (const char *path, mode_t mode), (path, mode), path)
PATH(chown, (const char *path, uid_t owner, gid_t group), (path, owner, group), path)
PATH(lchown, (const char *path, uid_t owner, gid_t group), (path, owner, group), path)
PATH(setxattr, (const char *path, const char *name, const void *value, size_t size, int flags),
     (path, name, value, size, flags), path)
PATH(lsetxattr, (const char *path, const char *name, const void *value, size_t size, int flags),
     (path, name, value, size, flags), path)
PATH(removexattr, (const char *path, const char *name), (path, name), path)
PATH(lremovexattr, (const char *path, const char *name), (path, name), path)
PATH(mknod, (const char *path, mode_t mode, dev_t device), (path, mode, device), path)
PATH(unlinkat, (int folder, const char *path, int flags), (folder, path, flags), below(folder, path))
PATH(mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), below(folder, path))
PATH(fchmodat, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags), below(folder, path))
PATH(fchownat, (int folder, const char *path, uid_t owner, gid_t group, int flags), (folder, path, owner, group, flags),
     below(folder, path))
PATH(utimensat, (int folder, const char *path, const struct timespec times[2], int flags), (folder, path, times, flags),
     below(folder, path))

COUNTED(int, -1, rename, (const char *from, const char *to), (from, to), true, "rename", from, to)
COUNTED(int, -1, renameat, (int folder, const char *from, int target, const char *to), (folder, from, target, to), true,
        "renameat", below(folder, from), below(target, to))
COUNTED(int, -1, renameat2, (int folder, const char *from, int target, const char *to, unsigned flags),
        (folder, from, target, to, flags), true, "renameat2", below(folder, from), below(target, to))
COUNTED(int, -1, link, (const char *from, const char *to), (from, to), true, "link", from, to)
COUNTED(int, -1, linkat, (int folder, const char *from, int target, const char *to, int flags),
        (folder, from, target, to, flags), true, "linkat", below(folder, from), below(target, to))
COUNTED(int, -1, symlink, (const char *from, const char *to), (from, to), true, "symlink", from, to)
COUNTED(int, -1, symlinkat, (const char *from, int target, const char *to), (from, target, to), true, "symlinkat", from,
        below(target, to))

int ioctl(int fd, unsigned long request, ...)
{
    static int (*real)(int, unsigned long, ...);
    va_list more;

    if (real == NULL)
        real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_start(more, request);
    void *argument = va_arg(more, void *);
    va_end(more);
    if (!changes_by_ioctl(request))
        return real(fd, request, argument);
    if (stopped("ioctl", of(fd), ""))
        return -1;
    const int answer = real(fd, request, argument);
    finished();
    return answer;
}

// libuv has no wrapper of its own for this one where the oldest libc it supports has none.
long syscall(long number, ...)
{
    REAL(syscall);
    va_list more;
    va_start(more, number);
    long a[6];
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        a[i] = va_arg(more, long);
    va_end(more);
    const bool counts = number == SYS_copy_file_range;
    if (counts && stopped("copy_file_range", of((int)a[2]), ""))
        return -1;
    const long answer = real(number, a[0], a[1], a[2], a[3], counts ? (long)part((size_t)a[4]) : a[4], a[5]);
    if (counts)
        finished();
    return answer;
}

int flock(int fd, int operation)
{
    REAL(flock);
    return plan.ignore_locks ? 0 : real(fd, operation);
}
