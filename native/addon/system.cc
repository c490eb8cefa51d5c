// Three of the system calls that Node lacks: flock(2), poll(2), and exec(3) in place. Translation only.
#include "addon.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

void Refuse(Napi::Env env, const std::string &code, const std::string &message)
{
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", Napi::String::New(env, code));
    throw error;
}

void RefuseErrno(Napi::Env env, int error, const std::string &call)
{
    // The names a caller can act on; any other keeps its number.
    static const struct {
        int error;
        const char *name;
    } names[] = {{EACCES, "EACCES"}, {EBADF, "EBADF"},   {EINTR, "EINTR"},     {EINVAL, "EINVAL"},
                 {EIO, "EIO"},       {ENOENT, "ENOENT"}, {ENOEXEC, "ENOEXEC"}, {ENOLCK, "ENOLCK"},
                 {ENOMEM, "ENOMEM"}, {ELOOP, "ELOOP"},   {ENOTDIR, "ENOTDIR"}, {EPERM, "EPERM"},
                 {E2BIG, "E2BIG"},   {EISDIR, "EISDIR"}, {ETXTBSY, "ETXTBSY"}, {ENAMETOOLONG, "ENAMETOOLONG"},
                 {ENOSPC, "ENOSPC"}, {EROFS, "EROFS"},   {EDQUOT, "EDQUOT"},   {ENOTSUP, "ENOTSUP"}};
    std::string code = "E" + std::to_string(error);
    for (const auto &known : names)
        if (known.error == error)
            code = known.name;
    Refuse(env, code, code + ": " + std::strerror(error) + ", " + call);
}

Napi::Value LockFile(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber() || !info[1].IsBoolean())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "lockFile takes a file descriptor and whether to wait");
    const int fd = info[0].As<Napi::Number>().Int32Value();
    const int operation = LOCK_EX | (info[1].As<Napi::Boolean>() ? 0 : LOCK_NB);

    while (flock(fd, operation) != 0) {
        if (errno == EWOULDBLOCK)
            return Napi::Boolean::New(env, false);
        if (errno != EINTR)
            RefuseErrno(env, errno, "flock");
    }
    return Napi::Boolean::New(env, true);
}

Napi::Value HasReader(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "hasReader takes a file descriptor");
    struct pollfd asked = {info[0].As<Napi::Number>().Int32Value(), 0, 0};
    while (poll(&asked, 1, 0) < 0)
        if (errno != EINTR)
            RefuseErrno(env, errno, "poll");
    return Napi::Boolean::New(env, asked.revents == 0);
}

// A string's UTF-8, or a buffer's bytes as they are: what a command is given need not be text.
static std::string Bytes(Napi::Env env, const Napi::Value &value)
{
    if (value.IsString())
        return value.As<Napi::String>().Utf8Value();
    if (!value.IsBuffer())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "a command's arguments must be strings or buffers");
    const Napi::Buffer<char> buffer = value.As<Napi::Buffer<char>>();
    return std::string(buffer.Data(), buffer.Length());
}

static std::string Target(int fd)
{
    char target[64] = "";
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    return readlink(link.c_str(), target, sizeof target - 1) > 0 ? target : "";
}

// At its start Node marks every descriptor it was given, the standard ones included, to be closed by exec(). The
// command gets them back, so that redirections and socket activation work. What Node opened itself stays behind:
// event loops, and pipes of which both ends are here.
static void HandOnDescriptors()
{
    std::vector<std::string> targets;
    targets.reserve(256);
    for (int fd = 0; fd < 256; fd++)
        targets.push_back(Target(fd));
    for (int fd = 0; fd < 256; fd++) {
        const std::string &what = targets[fd];
        const bool pair = what.rfind("pipe:", 0) == 0 && std::count(targets.begin() + 3, targets.end(), what) > 1;
        if (fd < 3 || (!what.empty() && what.rfind("anon_inode:", 0) != 0 && !pair))
            fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
    }
}

Napi::Value Execute(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsArray() || !info[1].IsObject())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "execute takes a command and the variables to set");
    const Napi::Array command = info[0].As<Napi::Array>();
    std::vector<std::string> arguments;
    for (uint32_t i = 0; i < command.Length(); i++)
        arguments.push_back(Bytes(env, command.Get(i)));
    if (arguments.empty())
        Refuse(env, "ERR_INVALID_ARG_VALUE", "execute takes a command");
    std::vector<char *> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string &argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    const Napi::Object variables = info[1].As<Napi::Object>();
    const Napi::Array names = variables.GetPropertyNames();
    for (uint32_t i = 0; i < names.Length(); i++)
        setenv(Bytes(env, names.Get(i)).c_str(), Bytes(env, variables.Get(names.Get(i))).c_str(), 1);

    // The two signals that Node ignores; it has set all others to their defaults.
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    HandOnDescriptors();
    execvp(argv[0], argv.data());

    const int failure = errno;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    RefuseErrno(env, failure, "exec");
}
