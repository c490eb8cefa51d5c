// Whole looks at small files, in one call where Node needs one for each system call: /proc has a hundred thousand a
// look. Translation only: what was read ahead, or what reading.h reads now.
#include "addon.h"
#include "ahead.h"
#include "reading.h"

#include <cerrno>
#include <cstring>

static Bytes BufferOf(const Napi::CallbackInfo &info)
{
    if (!info[0].IsString() || !info[1].IsBuffer())
        Refuse(info.Env(), "ERR_INVALID_ARG_TYPE", "a path and a buffer are needed");
    const Napi::Buffer<char> buffer = info[1].As<Napi::Buffer<char>>();
    return {buffer.Data(), buffer.Length()};
}

static std::string PathOf(const Napi::CallbackInfo &info)
{
    if (!info[0].IsString())
        Refuse(info.Env(), "ERR_INVALID_ARG_TYPE", "a path is needed");
    return info[0].As<Napi::String>().Utf8Value();
}

static Napi::Value Latin1(Napi::Env env, const std::string &bytes)
{
    napi_value text = nullptr;
    napi_create_string_latin1(env, bytes.data(), bytes.size(), &text);
    return {env, text};
}

// Into the buffer, as if it had been read into it now.
static ssize_t Copied(const Answer &known, const Bytes &into)
{
    if (known.failure != 0)
        return known.failure;
    if (known.bytes.size() >= into.size)
        return -EFBIG;
    memcpy(into.data, known.bytes.data(), known.bytes.size());
    return static_cast<ssize_t>(known.bytes.size());
}

static Napi::Value TextOf(Napi::Env env, int failure, const std::string &bytes)
{
    return failure != 0 ? Napi::Number::New(env, failure) : Latin1(env, bytes);
}

Napi::Value ReadSmall(const Napi::CallbackInfo &info)
{
    const Bytes into = BufferOf(info);
    const std::string path = PathOf(info);
    const Answer *const known = TakeAhead(Step::Small, path);
    const ssize_t length = known ? Copied(*known, into) : ReadWhole(path, into);
    return Napi::Number::New(info.Env(), static_cast<double>(length));
}

Napi::Value ReadLink(const Napi::CallbackInfo &info)
{
    const std::string path = PathOf(info);
    if (const Answer *const known = TakeAhead(Step::Link, path))
        return TextOf(info.Env(), known->failure, known->bytes);
    std::string target;
    const int failure = LinkTarget(path, target);
    return TextOf(info.Env(), failure, target);
}

Napi::Value Identity(const Napi::CallbackInfo &info)
{
    const std::string path = PathOf(info);
    if (const Answer *const known = TakeAhead(Step::Identity, path))
        return TextOf(info.Env(), known->failure, known->bytes);
    std::string identity;
    const int failure = IdentityOf(path, identity);
    return TextOf(info.Env(), failure, identity);
}

Napi::Value ReadCodeLines(const Napi::CallbackInfo &info)
{
    const Bytes into = BufferOf(info);
    if (!info[2].IsString())
        Refuse(info.Env(), "ERR_INVALID_ARG_TYPE", "readCodeLines takes a path, a buffer and a text");
    const std::string path = PathOf(info), text = info[2].As<Napi::String>().Utf8Value();
    const Answer *const known = TakeAhead(Step::CodeLines, path, text);
    const ssize_t length = known ? Copied(*known, into) : ReadCode(path, into, text);
    return Napi::Number::New(info.Env(), static_cast<double>(length));
}

Napi::Value LinksLike(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const std::string path = PathOf(info);
    if (!info[1].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "linksLike takes a path and a text");
    const std::string start = info[1].As<Napi::String>().Utf8Value();
    const Answer *const known = TakeAhead(Step::LinksLike, path, start);
    Links read;
    const int failure = known ? known->failure : LinksOf(path, start, read);
    if (failure != 0)
        return Napi::Number::New(env, failure);
    const Links &links = known ? known->links : read;
    if (links.empty)
        return env.Null();
    Napi::Array texts = Napi::Array::New(env);
    for (const std::string &text : links.texts)
        texts.Set(texts.Length(), Latin1(env, text));
    return texts;
}

Napi::Value FilesMarked(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const std::string path = PathOf(info);
    if (!info[1].IsNumber() || !info[2].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "filesMarked takes a path, mode bits and the name of an attribute");
    const uint32_t bits = info[1].As<Napi::Number>().Uint32Value();
    const std::string name = info[2].As<Napi::String>().Utf8Value();
    Napi::Array files = Napi::Array::New(env);
    const Answer *const known = TakeAhead(Step::Marked, path, name, bits);
    const std::vector<Marked> read = known ? std::vector<Marked>() : MarkedFiles(path, bits, name);
    for (const Marked &found : known ? known->marked : read) {
        Napi::Object file = Napi::Object::New(env);
        file.Set("name", found.name);
        file.Set("mode", found.mode);
        file.Set("uid", found.uid);
        if (found.has_value)
            file.Set("value", Napi::Buffer<char>::Copy(env, found.value.data(), found.value.size()));
        files.Set(files.Length(), file);
    }
    return files;
}

Napi::Value FilesStamped(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    Napi::Array flat = Napi::Array::New(env);
    for (const Stamped &found : StampedFiles(PathOf(info))) {
        flat.Set(flat.Length(), Latin1(env, found.name));
        flat.Set(flat.Length(), Latin1(env, found.stamp));
    }
    return flat;
}
