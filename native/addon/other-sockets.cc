// A socket of another process, by a copy of its descriptor: what it was told before it was bound, and the flag with
// which it shares its port. Translation only.
#include "addon.h"

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// By number: libc has had wrappers for them only since glibc 2.36.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

namespace
{

// Closed when it is left.
class Descriptor
{
  public:
    explicit Descriptor(long fd) : fd(static_cast<int>(fd))
    {
    }
    ~Descriptor()
    {
        if (fd >= 0)
            close(fd);
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    int Get() const
    {
        return fd;
    }

  private:
    const int fd;
};

// -1 with errno where there is no such process, descriptor or right.
int CopyOf(int pid, int fd)
{
    const Descriptor process(syscall(SYS_pidfd_open, pid, 0U));
    if (process.Get() < 0)
        return -1;
    return static_cast<int>(syscall(SYS_pidfd_getfd, process.Get(), fd, 0U));
}

// -1 where the kernel does not say.
int Option(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

unsigned PortOf(int fd)
{
    struct sockaddr_storage address = {};
    socklen_t length = sizeof address;
    if (getsockname(fd, reinterpret_cast<struct sockaddr *>(&address), &length) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const struct sockaddr_in *>(&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const struct sockaddr_in6 *>(&address)->sin6_port);
    return 0;
}

bool IsSocket(int fd, double inode)
{
    // fstat() would need glibc 2.33.
    struct statx status;
    return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, &status) == 0 && S_ISSOCK(status.stx_mode) &&
           static_cast<double>(status.stx_ino) == inode;
}

} // namespace

Napi::Value ReadOtherSocket(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "readOtherSocket takes a process id, a descriptor of it and an inode");
    const Descriptor copy(CopyOf(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value()));
    if (copy.Get() < 0)
        RefuseErrno(env, errno, "pidfd_getfd");
    if (!IsSocket(copy.Get(), info[2].As<Napi::Number>().DoubleValue()))
        return env.Undefined();
    const int protocol = Option(copy.Get(), SOL_SOCKET, SO_PROTOCOL);
    Napi::Object found = Napi::Object::New(env);
    found.Set("family", Napi::Number::New(env, Option(copy.Get(), SOL_SOCKET, SO_DOMAIN)));
    found.Set("protocol", Napi::Number::New(env, protocol));
    found.Set("port", Napi::Number::New(env, PortOf(copy.Get())));
    found.Set("reuseAddress", Napi::Boolean::New(env, Option(copy.Get(), SOL_SOCKET, SO_REUSEADDR) > 0));
    found.Set("reusePort", Napi::Boolean::New(env, Option(copy.Get(), SOL_SOCKET, SO_REUSEPORT) > 0));
    found.Set("listens", Napi::Boolean::New(env, Option(copy.Get(), SOL_SOCKET, SO_ACCEPTCONN) > 0));
    const int interface = Option(copy.Get(), SOL_SOCKET, SO_BINDTOIFINDEX);
    found.Set("interfaceIndex", Napi::Number::New(env, interface < 0 ? 0 : interface));
    return found;
}

Napi::Value ShareOtherSocket(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "shareOtherSocket takes a process id, a descriptor of it and an inode");
    const Descriptor copy(CopyOf(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value()));
    if (copy.Get() < 0)
        RefuseErrno(env, errno, "pidfd_getfd");
    if (!IsSocket(copy.Get(), info[2].As<Napi::Number>().DoubleValue()))
        return Napi::Boolean::New(env, false);
    const int on = 1;
    if (setsockopt(copy.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        RefuseErrno(env, errno, "setsockopt");
    return Napi::Boolean::New(env, true);
}
