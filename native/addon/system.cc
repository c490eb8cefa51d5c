// Two of the system calls that Node lacks, flock(2) and poll(2), and the errors of all. Translation only.
#include "addon.h"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/file.h>

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
    } names[] = {{EACCES, "EACCES"},   {EBADF, "EBADF"},   {EINTR, "EINTR"},        {EINVAL, "EINVAL"},
                 {EIO, "EIO"},         {ENOENT, "ENOENT"}, {ENOEXEC, "ENOEXEC"},    {ENOLCK, "ENOLCK"},
                 {ENOMEM, "ENOMEM"},   {ELOOP, "ELOOP"},   {ENOTDIR, "ENOTDIR"},    {EPERM, "EPERM"},
                 {E2BIG, "E2BIG"},     {EISDIR, "EISDIR"}, {ETXTBSY, "ETXTBSY"},    {ENAMETOOLONG, "ENAMETOOLONG"},
                 {ENOSPC, "ENOSPC"},   {ENOSYS, "ENOSYS"}, {EROFS, "EROFS"},        {EDQUOT, "EDQUOT"},
                 {ENOTSUP, "ENOTSUP"}, {ESRCH, "ESRCH"},   {ETIMEDOUT, "ETIMEDOUT"}};
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

// Exported by every Node; declared here, since Node's own module for it brings all of its streams along.
namespace v8
{
class V8
{
  public:
    __attribute__((weak, visibility("default"))) static void SetFlagsFromString(const char *flags);
};
} // namespace v8

Napi::Value SetEngineFlags(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "setEngineFlags takes a text");
    void (*const set)(const char *) = v8::V8::SetFlagsFromString;
    if (set)
        set(info[0].As<Napi::String>().Utf8Value().c_str());
    return Napi::Boolean::New(env, set != nullptr);
}
