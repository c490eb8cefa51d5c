// Preloaded into one process: counts and logs its libc calls that change the file system, and fails or dies at a chosen
// one. It must never act in another process: it takes itself out of the environment, and is silent after a fork.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum how { NOTHING, KILL_BEFORE, KILL_HALF, KILL_AFTER, ERROR };

static struct {
    pid_t owner;
    int log;
    enum how how;
    int error;
    unsigned long at;
    bool onward;
    bool ignore_locks;
    long delay; // milliseconds before each counted call
} plan = {.log = -1};

static atomic_ulong calls;
static _Thread_local bool dies_after;
static _Thread_local bool halved;

static const struct {
    const char *name;
    enum how how;
    int error;
} ways[] = {{"kill-before", KILL_BEFORE, 0},
            {"kill-half", KILL_HALF, 0},
            {"kill-after", KILL_AFTER, 0},
            {"ENOSPC", ERROR, ENOSPC},
            {"EROFS", ERROR, EROFS},
            {"EACCES", ERROR, EACCES},
            {"EIO", ERROR, EIO}};

static const char *take(const char *name)
{
    const char *value = getenv(name);
    unsetenv(name); // the text stays where it is
    return value;
}

__attribute__((constructor)) static void start(void)
{
    const char *log = take("FAULT_LOG");
    const char *how = take("FAULT_HOW");
    const char *at = take("FAULT_AT");
    const char *delay = take("FAULT_DELAY");

    unsetenv("LD_PRELOAD");
    plan.onward = take("FAULT_ONWARD") != NULL;
    plan.ignore_locks = take("FAULT_IGNORE_LOCKS") != NULL;
    plan.at = at == NULL ? 0 : strtoul(at, NULL, 10);
    plan.delay = delay == NULL ? 0 : strtol(delay, NULL, 10);
    for (size_t i = 0; how != NULL && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(how, ways[i].name) == 0) {
            plan.how = ways[i].how;
            plan.error = ways[i].error;
        }
    }
    // A plan that is not understood would be a test that cannot fail.
    if ((how != NULL) != (plan.how != NOTHING) || (how != NULL) != (plan.at != 0))
        abort();
    if (log != NULL) {
        const int low = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        // Out of the way of what the program counts on, such as the lowest free descriptor.
        plan.log = fcntl(low, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, low);
        if (plan.log < 0)
            abort();
    }
    plan.owner = getpid();
}

static void die(void)
{
    syscall(SYS_kill, plan.owner, SIGKILL);
    for (;;) {
        // The signal comes when this thread next returns from the kernel, which is now.
    }
}

// Whether the call must not be made; errno is then set.
static bool stopped(const char *call, const char *first, const char *second)
{
    char line[9000];

    dies_after = halved = false;
    if (getpid() != plan.owner)
        return false;
    if (plan.delay > 0)
        nanosleep(&(struct timespec){.tv_sec = plan.delay / 1000, .tv_nsec = plan.delay % 1000 * 1000000}, NULL);
    const unsigned long number = atomic_fetch_add(&calls, 1) + 1;
    const int length = snprintf(line, sizeof line, "%d\t%lu\t%s\t%s%s%s\n", plan.owner, number, call, first,
                                second[0] == '\0' ? "" : "\t", second);
    if (plan.log >= 0 && length > 0)
        syscall(SYS_write, plan.log, line, (size_t)length);
    if (plan.at == 0 || number < plan.at || (number > plan.at && !plan.onward))
        return false;
    switch (plan.how) {
    case KILL_BEFORE:
        die();
        return false;
    case KILL_HALF:
        halved = dies_after = true;
        return false;
    case KILL_AFTER:
        dies_after = true;
        return false;
    case ERROR:
        errno = plan.error;
        return true;
    case NOTHING:
        return false;
    }
    return false;
}

static void finished(void)
{
    if (dies_after)
        die();
    halved = false;
}

static size_t part(size_t size)
{
    return halved && size > 1 ? size / 2 : size;
}

static const char *of(int fd)
{
    static _Thread_local char path[4096];
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return path;
}

static const char *below(int folder, const char *path)
{
    static _Thread_local char whole[2][8200];
    static _Thread_local unsigned turn;

    if (path == NULL || path[0] == '\0')
        return of(folder);
    if (folder == AT_FDCWD || path[0] == '/')
        return path;
    turn ^= 1;
    snprintf(whole[turn], sizeof whole[turn], "%s/%.4000s", of(folder), path);
    return whole[turn];
}

static bool is_file(int fd)
{
    struct stat status;
    return fd > 2 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// Opening /dev/null for writing changes nothing.
static bool opens_to_change(int folder, const char *path, int flags)
{
    struct stat status;

    if ((flags & O_ACCMODE) == O_RDONLY && (flags & (O_CREAT | O_TRUNC)) == 0)
        return false;
    return fstatat(folder, path, &status, 0) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
}

static bool writes(const char *mode)
{
    return strpbrk(mode, "wa+") != NULL;
}

static bool changes_by_ioctl(unsigned long request)
{
    return request == FICLONE || request == FICLONERANGE;
}

#define REAL(name)                                                                                                     \
    static __typeof__(&name) real;                                                                                     \
    if (real == NULL)                                                                                                  \
    real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

// FAILED is what the function returns for an error; SYSTEM_CALL the kernel's name of it, for the log.
#define COUNTED(result, failed, name, parameters, arguments, counts, system_call, first, second)                       \
    result name parameters                                                                                             \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        if (!(counts))                                                                                                 \
            return real arguments;                                                                                     \
        if (stopped(system_call, first, second))                                                                       \
            return failed;                                                                                             \
        result answer = real arguments;                                                                                \
        finished();                                                                                                    \
        return answer;                                                                                                 \
    }
#define PATH(name, parameters, arguments, path) COUNTED(int, -1, name, parameters, arguments, true, #name, path, "")
#define HANDLE(name, parameters, arguments, call) COUNTED(int, -1, name, parameters, arguments, true, call, of(fd), "")
#define WRITE(name, parameters, arguments, call)                                                                       \
    COUNTED(ssize_t, -1, name, parameters, arguments, is_file(fd), call, of(fd), "")

#include "inject.h"
