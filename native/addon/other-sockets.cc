// A socket of another process, by a copy of its descriptor: what it was told before it was bound, and the flag with
// which it shares its port. Translation only.
#include "addon.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

// By number: libc has had wrappers for them only since glibc 2.36.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

namespace
{

// In milliseconds, for all descriptors of a process.
constexpr int PATIENCE = 5000;

struct Place {
    int fd;
    double inode;
};

// What is told of one place: `failure` is an errno value, of the whole process.
struct Said {
    int failure, share_failure;
    bool is_it, reuse_address, reuse_port, listens;
    int family, protocol, interface;
    unsigned port;
};

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

Said AskCopy(int copy, const Place &place, bool share)
{
    Said said = {};
    // First whether it is a socket, which no file is asked for.
    if (Option(copy, SOL_SOCKET, SO_TYPE) < 0 || !IsSocket(copy, place.inode))
        return said;
    said.is_it = true;
    const int on = 1;
    if (share && setsockopt(copy, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        said.share_failure = errno;
    said.family = Option(copy, SOL_SOCKET, SO_DOMAIN);
    said.protocol = Option(copy, SOL_SOCKET, SO_PROTOCOL);
    said.port = PortOf(copy);
    said.reuse_address = Option(copy, SOL_SOCKET, SO_REUSEADDR) > 0;
    said.reuse_port = Option(copy, SOL_SOCKET, SO_REUSEPORT) > 0;
    said.listens = Option(copy, SOL_SOCKET, SO_ACCEPTCONN) > 0;
    said.interface = std::max(0, Option(copy, SOL_SOCKET, SO_BINDTOIFINDEX));
    return said;
}

// The child's part: tells each answer to descriptor 0 before it closes the copy. It has nothing else of its parent's,
// such as a lock, that would stay with it where it never ends.
[[noreturn]] void Tell(int to, int pid, const std::vector<Place> &places, bool share)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    if (dup2(to, 0) != 0)
        _exit(1);
    if (syscall(SYS_close_range, 1U, ~0U, 0U) != 0)
        for (int fd = 1; fd < 4096; fd++)
            close(fd);
    const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0U));
    Said said = {};
    said.failure = process < 0 ? errno : 0;
    for (size_t i = 0; i < places.size() && said.failure == 0; i++) {
        const int copy = static_cast<int>(syscall(SYS_pidfd_getfd, process, places[i].fd, 0U));
        const int failure = copy >= 0 || errno == EBADF ? 0 : errno;
        said = copy >= 0 ? AskCopy(copy, places[i], share) : Said{};
        said.failure = failure;
        if (write(0, &said, sizeof said) != sizeof said)
            _exit(1);
        if (copy >= 0)
            close(copy);
    }
    if (process < 0)
        _exit(write(0, &said, sizeof said) == sizeof said ? 0 : 1);
    _exit(0);
}

// Those that have ended since the last time go.
void Reap(pid_t child)
{
    static std::vector<pid_t> children;
    children.push_back(child);
    const auto is_gone = [](pid_t one) { return waitpid(one, nullptr, WNOHANG) != 0; };
    children.erase(std::remove_if(children.begin(), children.end(), is_gone), children.end());
}

// The next answer, or an errno value as its failure.
Said Next(int from, std::chrono::steady_clock::time_point end)
{
    Said said = {};
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        struct pollfd asked = {from, POLLIN, 0};
        const int ready = poll(&asked, 1, static_cast<int>(std::max<long>(0, left.count())));
        if (ready < 0 && errno == EINTR)
            continue;
        // A pipe hands over what was written as a whole.
        const ssize_t got = ready > 0 ? read(from, &said, sizeof said) : -1;
        if (got != sizeof said)
            said.failure = ready == 0 ? ETIMEDOUT : EIO;
        return said;
    }
}

// Looks at copies of descriptors in a process of its own. The other one may put another file in a socket's place at any
// moment, and to close the copy of that may wait for ever, whatever signal comes: for a FUSE server's answer, or for a
// connection that lingers.
std::vector<Said> Asked(Napi::Env env, int pid, const std::vector<Place> &places, bool share)
{
    std::vector<Said> answers;
    if (places.empty())
        return answers;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        RefuseErrno(env, errno, "pipe2");
    const pid_t child = fork();
    if (child == 0)
        Tell(ends[1], pid, places, share);
    const int failure = child < 0 ? errno : 0;
    close(ends[1]);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(PATIENCE);
    while (failure == 0 && answers.size() < places.size() && (answers.empty() || answers.back().failure == 0))
        answers.push_back(Next(ends[0], end));
    close(ends[0]);
    if (failure != 0)
        RefuseErrno(env, failure, "fork");
    kill(child, SIGKILL);
    Reap(child);
    if (!answers.empty() && answers.back().failure != 0)
        RefuseErrno(env, answers.back().failure, "pidfd_getfd");
    return answers;
}

Place PlaceOf(Napi::Env env, const Napi::Value &fd, const Napi::Value &inode)
{
    if (!fd.IsNumber() || !inode.IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "a descriptor of another process is a number, with an inode");
    return {fd.As<Napi::Number>().Int32Value(), inode.As<Napi::Number>().DoubleValue()};
}

Napi::Value SocketOf(Napi::Env env, const Said &said)
{
    Napi::Object found = Napi::Object::New(env);
    found.Set("family", Napi::Number::New(env, said.family));
    found.Set("protocol", Napi::Number::New(env, said.protocol));
    found.Set("port", Napi::Number::New(env, said.port));
    found.Set("reuseAddress", Napi::Boolean::New(env, said.reuse_address));
    found.Set("reusePort", Napi::Boolean::New(env, said.reuse_port));
    found.Set("listens", Napi::Boolean::New(env, said.listens));
    found.Set("interfaceIndex", Napi::Number::New(env, said.interface));
    return found;
}

} // namespace

Napi::Value ReadOtherSockets(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber() || !info[1].IsArray())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "readOtherSockets takes a process id and a list of descriptors");
    const Napi::Array list = info[1].As<Napi::Array>();
    std::vector<Place> places;
    for (uint32_t i = 0; i < list.Length(); i++) {
        const Napi::Value one = list.Get(i);
        const Napi::Object place = one.IsObject() ? one.As<Napi::Object>() : Napi::Object::New(env);
        places.push_back(PlaceOf(env, place.Get("fd"), place.Get("inode")));
    }
    const std::vector<Said> answers = Asked(env, info[0].As<Napi::Number>().Int32Value(), places, false);
    Napi::Array found = Napi::Array::New(env, answers.size());
    for (uint32_t i = 0; i < answers.size(); i++)
        found.Set(i, answers[i].is_it ? SocketOf(env, answers[i]) : env.Undefined());
    return found;
}

Napi::Value ShareOtherSocket(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "shareOtherSocket takes a process id, a descriptor of it and an inode");
    const std::vector<Place> places = {PlaceOf(env, info[1], info[2])};
    const Said said = Asked(env, info[0].As<Napi::Number>().Int32Value(), places, true)[0];
    if (said.share_failure != 0)
        RefuseErrno(env, said.share_failure, "setsockopt");
    return Napi::Boolean::New(env, said.is_it);
}
