// The two system calls that Node lacks: flock(2), and exec(3) in place. Translation only.
#include "addon.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
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
                 {E2BIG, "E2BIG"},   {EISDIR, "EISDIR"}, {ETXTBSY, "ETXTBSY"}, {ENAMETOOLONG, "ENAMETOOLONG"}};
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

static std::vector<std::string> Strings(Napi::Env env, const Napi::Value &value)
{
    if (!value.IsArray())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "arguments and environment must be arrays of strings");
    const Napi::Array array = value.As<Napi::Array>();
    std::vector<std::string> strings;
    for (uint32_t i = 0; i < array.Length(); i++) {
        const Napi::Value item = array.Get(i);
        if (!item.IsString())
            Refuse(env, "ERR_INVALID_ARG_TYPE", "arguments and environment must be arrays of strings");
        strings.push_back(item.As<Napi::String>().Utf8Value());
    }
    return strings;
}

static std::vector<char *> Pointers(std::vector<std::string> &strings)
{
    std::vector<char *> pointers;
    for (std::string &string : strings)
        pointers.push_back(string.data());
    pointers.push_back(nullptr);
    return pointers;
}

// At its start Node marks every descriptor it was given, the standard ones included, to be closed by exec(). The
// command gets them back, so that redirections and socket activation work. Those below Node's event loop are all the
// command's, since a new descriptor is the lowest free one; behind it, pipes and /dev/null may be Node's own, and stay.
static void HandOnDescriptors()
{
    bool behind_loop = false;
    for (int fd = 0; fd < 256; fd++) {
        char target[64] = "";
        const std::string link = "/proc/self/fd/" + std::to_string(fd);
        if (readlink(link.c_str(), target, sizeof target - 1) <= 0)
            continue;
        const std::string what = target;
        behind_loop = behind_loop || what == "anon_inode:[eventpoll]";
        if (!behind_loop || (what.rfind("anon_inode:", 0) != 0 && what.rfind("pipe:", 0) != 0 && what != "/dev/null"))
            fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
    }
}

Napi::Value Execute(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "the program must be a string");
    const std::string file = info[0].As<Napi::String>().Utf8Value();
    std::vector<std::string> arguments = Strings(env, info[1]), environment = Strings(env, info[2]);
    arguments.insert(arguments.begin(), file);
    std::vector<char *> argv = Pointers(arguments), envp = Pointers(environment);

    // The two signals that Node ignores; it has set all others to their defaults.
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    HandOnDescriptors();
    execvpe(file.c_str(), argv.data(), envp.data());

    const int failure = errno;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    RefuseErrno(env, failure, "exec");
}
