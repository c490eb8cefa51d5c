// Whole looks at small files, in one call where Node needs one for each system call: /proc has a hundred thousand a
// look. Translation only. statx(), since stat() and fstatat() are functions of glibc's only from 2.33 on.
#include "addon.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

// The kernel fills a page before it hands over a part of a file of /proc: what is shorter by a line is all there is.
static constexpr size_t SHORT = 3000;

// On x86-64 the kernel's own page is the last line of /proc/PID/maps, above all addresses of programs.
static constexpr char LAST_LINE[] = "ffffffffff600000-";

class Descriptor
{
  public:
    explicit Descriptor(const std::string &path) : number(open(path.c_str(), O_RDONLY | O_CLOEXEC))
    {
    }
    ~Descriptor()
    {
        if (number >= 0)
            close(number);
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    bool IsOpen() const
    {
        return number >= 0;
    }

    // The bytes that came, or the negative of an errno value.
    ssize_t Read(char *to, size_t size) const
    {
        ssize_t got = -1;
        do
            got = read(number, to, size);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got;
    }

  private:
    const int number;
};

struct Bytes {
    char *data;
    size_t size;
};

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

static ssize_t ReadWhole(const std::string &path, const Bytes &into)
{
    const Descriptor file(path);
    if (!file.IsOpen())
        return -errno;
    for (size_t length = 0;;) {
        const ssize_t got = file.Read(into.data + length, into.size - length);
        if (got < 0)
            return got;
        length += static_cast<size_t>(got);
        if (got == 0 || (length == static_cast<size_t>(got) && length < SHORT))
            return length < into.size ? static_cast<ssize_t>(length) : -EFBIG;
        if (length == into.size)
            return -EFBIG;
    }
}

Napi::Value ReadSmall(const Napi::CallbackInfo &info)
{
    const Bytes into = BufferOf(info);
    return Napi::Number::New(info.Env(), static_cast<double>(ReadWhole(PathOf(info), into)));
}

Napi::Value ReadLink(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    char target[PATH_MAX];
    const ssize_t length = readlink(PathOf(info).c_str(), target, sizeof target);
    if (length < 0)
        return Napi::Number::New(env, -errno);
    napi_value text = nullptr;
    napi_create_string_latin1(env, target, static_cast<size_t>(length), &text);
    return {env, text};
}

Napi::Value Identity(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    struct statx found;
    if (statx(AT_FDCWD, PathOf(info).c_str(), 0, STATX_INO, &found) != 0)
        return Napi::Number::New(env, -errno);
    const dev_t device = makedev(found.stx_dev_major, found.stx_dev_minor);
    return Napi::String::New(env, std::to_string(device) + ":" + std::to_string(found.stx_ino));
}

// Whether a line of /proc/PID/maps, "START-END PERMISSIONS ...", may be run code from, or has `text` in it.
static bool IsWanted(const char *line, size_t length, const std::string &text)
{
    const char *space = static_cast<const char *>(memchr(line, ' ', length));
    if (space && static_cast<size_t>(space - line) + 3 < length && space[3] == 'x')
        return true;
    return memmem(line, length, text.data(), text.size()) != nullptr;
}

// Keeps the first line, so that a file of lines is never mistaken for an empty one, and those that are wanted.
static ssize_t ReadCode(const std::string &path, const Bytes &into, const std::string &text)
{
    const Descriptor file(path);
    if (!file.IsOpen())
        return -errno;
    // What is read lies behind what is kept, so that the lines move down in the one buffer.
    size_t kept = 0, held = 0;
    for (size_t from = 0;;) {
        if (from + held == into.size)
            return -EFBIG;
        const ssize_t got = file.Read(into.data + from + held, into.size - from - held);
        if (got < 0)
            return got;
        held += static_cast<size_t>(got);
        bool last = got == 0;
        while (held > 0) {
            char *const line = into.data + from;
            const char *const newline = static_cast<const char *>(memchr(line, '\n', held));
            if (!newline && !last)
                break;
            const size_t length = newline ? static_cast<size_t>(newline - line) + 1 : held;
            last = last || (length >= sizeof LAST_LINE && memcmp(line, LAST_LINE, sizeof LAST_LINE - 1) == 0);
            if (kept == 0 || IsWanted(line, length, text)) {
                memmove(into.data + kept, line, length);
                kept += length;
            }
            from += length;
            held -= length;
        }
        if (last)
            return static_cast<ssize_t>(kept);
        memmove(into.data + kept, into.data + from, held);
        from = kept;
    }
}

Napi::Value ReadCodeLines(const Napi::CallbackInfo &info)
{
    const Bytes into = BufferOf(info);
    if (!info[2].IsString())
        Refuse(info.Env(), "ERR_INVALID_ARG_TYPE", "readCodeLines takes a path, a buffer and a text");
    const std::string text = info[2].As<Napi::String>().Utf8Value();
    return Napi::Number::New(info.Env(), static_cast<double>(ReadCode(PathOf(info), into, text)));
}

class Folder
{
  public:
    explicit Folder(const std::string &path) : stream(opendir(path.c_str()))
    {
    }
    ~Folder()
    {
        if (stream)
            closedir(stream);
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    // The next name but "." and ".."; null at the end, or with errno set.
    const dirent *Next() const
    {
        for (;;) {
            errno = 0;
            const dirent *entry = readdir(stream);
            if (!entry || (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0))
                return entry;
        }
    }

    // Null where it could not be opened, with errno set.
    DIR *Stream() const
    {
        return stream;
    }

  private:
    DIR *const stream;
};

Napi::Value LinksLike(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const std::string path = PathOf(info);
    if (!info[1].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "linksLike takes a path and a text");
    const std::string start = info[1].As<Napi::String>().Utf8Value();
    const Folder folder(path);
    if (!folder.Stream())
        return Napi::Number::New(env, -errno);
    Napi::Array links = Napi::Array::New(env);
    bool empty = true;
    while (const dirent *entry = folder.Next()) {
        char target[PATH_MAX];
        const ssize_t length = readlinkat(dirfd(folder.Stream()), entry->d_name, target, sizeof target);
        if (length < 0 && errno != ENOENT && errno != ESRCH)
            return Napi::Number::New(env, -errno);
        empty = empty && length < 0;
        if (length >= static_cast<ssize_t>(start.size()) && memcmp(target, start.data(), start.size()) == 0) {
            const std::string line =
                std::string(entry->d_name) + ' ' + std::string(target, static_cast<size_t>(length));
            napi_value text = nullptr;
            napi_create_string_latin1(env, line.data(), line.size(), &text);
            links.Set(links.Length(), Napi::Value(env, text));
        }
    }
    if (errno != 0)
        return Napi::Number::New(env, -errno);
    return empty ? env.Null() : links;
}

Napi::Value FilesMarked(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const std::string path = PathOf(info);
    if (!info[1].IsNumber() || !info[2].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "filesMarked takes a path, mode bits and the name of an attribute");
    const uint32_t bits = info[1].As<Napi::Number>().Uint32Value();
    const std::string name = info[2].As<Napi::String>().Utf8Value();
    const Folder folder(path);
    Napi::Array files = Napi::Array::New(env);
    if (!folder.Stream())
        return files;
    while (const dirent *entry = folder.Next()) {
        struct statx found;
        if (entry->d_type == DT_LNK || entry->d_type == DT_DIR ||
            statx(dirfd(folder.Stream()), entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MODE | STATX_UID,
                  &found) != 0 ||
            !S_ISREG(found.stx_mode))
            continue;
        char value[XATTR_SIZE_MAX];
        const ssize_t size = getxattr((path + "/" + entry->d_name).c_str(), name.c_str(), value, sizeof value);
        if (size < 0 && (found.stx_mode & bits) == 0)
            continue;
        Napi::Object file = Napi::Object::New(env);
        file.Set("name", entry->d_name);
        file.Set("mode", found.stx_mode & 07777);
        file.Set("uid", found.stx_uid);
        if (size >= 0)
            file.Set("value", Napi::Buffer<char>::Copy(env, value, static_cast<size_t>(size)));
        files.Set(files.Length(), file);
    }
    return files;
}
