// Extended attributes of files: labels, access control lists and users' own. Translation only.
#include "addon.h"

#include <cerrno>
#include <string>
#include <sys/xattr.h>
#include <vector>

// What a call with a growing answer gives: the kernel says ERANGE when the answer grew after it was measured, and for
// names that are empty or too long.
template <typename Call> static std::vector<char> Whole(Napi::Env env, const char *name, const Call &call)
{
    for (;;) {
        const ssize_t size = call(nullptr, 0);
        std::vector<char> bytes(size > 0 ? static_cast<size_t>(size) : 0);
        const ssize_t got = size > 0 ? call(bytes.data(), bytes.size()) : size;
        if (got < 0 && errno == ERANGE && size > 0)
            continue;
        if (got < 0 && errno != ENOTSUP)
            RefuseErrno(env, errno, name);
        bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
        return bytes;
    }
}

Napi::Value Attribute(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsString() || !info[1].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "attribute takes a path and a name");
    const std::string path = info[0].As<Napi::String>().Utf8Value();
    const std::string name = info[1].As<Napi::String>().Utf8Value();
    // Most files have none: these cost one system call.
    if (getxattr(path.c_str(), name.c_str(), nullptr, 0) < 0 && (errno == ENODATA || errno == ENOTSUP))
        return env.Undefined();
    const std::vector<char> value = Whole(env, "getxattr", [&path, &name](char *to, size_t size) {
        return getxattr(path.c_str(), name.c_str(), to, size);
    });
    return Napi::Buffer<char>::Copy(env, value.data(), value.size());
}

Napi::Value Attributes(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "attributes takes a file descriptor");
    const int fd = info[0].As<Napi::Number>().Int32Value();
    const std::vector<char> names =
        Whole(env, "flistxattr", [fd](char *to, size_t size) { return flistxattr(fd, to, size); });
    Napi::Array found = Napi::Array::New(env);
    for (size_t at = 0; at < names.size();) {
        const std::string name = &names[at];
        at += name.size() + 1;
        const std::vector<char> value = Whole(
            env, "fgetxattr", [fd, &name](char *to, size_t size) { return fgetxattr(fd, name.c_str(), to, size); });
        Napi::Object attribute = Napi::Object::New(env);
        attribute.Set("name", Napi::String::New(env, name));
        attribute.Set("value", Napi::Buffer<char>::Copy(env, value.data(), value.size()));
        found.Set(found.Length(), attribute);
    }
    return found;
}

Napi::Value SetAttribute(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber() || !info[1].IsString() || !info[2].IsBuffer())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "setAttribute takes a file descriptor, a name and a buffer");
    const Napi::Buffer<char> value = info[2].As<Napi::Buffer<char>>();
    const std::string name = info[1].As<Napi::String>().Utf8Value();
    if (fsetxattr(info[0].As<Napi::Number>().Int32Value(), name.c_str(), value.Data(), value.Length(), 0) != 0)
        RefuseErrno(env, errno, "fsetxattr");
    return env.Undefined();
}
