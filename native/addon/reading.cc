// Whole looks at small files: each is some system calls, where Node needs one call of its own for each of them.
// statx(), since stat() and fstatat() are functions of glibc's only from 2.33 on.
#include "reading.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

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

ssize_t ReadWhole(const std::string &path, const Bytes &into)
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

// Whether a line of /proc/PID/maps, "START-END PERMISSIONS ...", may be run code from, or has `text` in it.
static bool IsWanted(const char *line, size_t length, const std::string &text)
{
    const char *space = static_cast<const char *>(memchr(line, ' ', length));
    if (space && static_cast<size_t>(space - line) + 3 < length && space[3] == 'x')
        return true;
    return memmem(line, length, text.data(), text.size()) != nullptr;
}

ssize_t ReadCode(const std::string &path, const Bytes &into, const std::string &text)
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

int LinkTarget(const std::string &path, std::string &target)
{
    char text[PATH_MAX];
    const ssize_t length = readlink(path.c_str(), text, sizeof text);
    if (length < 0)
        return -errno;
    target.assign(text, static_cast<size_t>(length));
    return 0;
}

int IdentityOf(const std::string &path, std::string &identity)
{
    struct statx found;
    if (statx(AT_FDCWD, path.c_str(), 0, STATX_INO, &found) != 0)
        return -errno;
    const dev_t device = makedev(found.stx_dev_major, found.stx_dev_minor);
    identity = std::to_string(device) + ":" + std::to_string(found.stx_ino);
    return 0;
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

int LinksOf(const std::string &path, const std::string &start, Links &links)
{
    const Folder folder(path);
    if (!folder.Stream())
        return -errno;
    while (const dirent *entry = folder.Next()) {
        char target[PATH_MAX];
        const ssize_t length = readlinkat(dirfd(folder.Stream()), entry->d_name, target, sizeof target);
        if (length < 0 && errno != ENOENT && errno != ESRCH)
            return -errno;
        links.empty = links.empty && length < 0;
        if (length >= static_cast<ssize_t>(start.size()) && memcmp(target, start.data(), start.size()) == 0)
            links.texts.push_back(std::string(entry->d_name) + ' ' + std::string(target, static_cast<size_t>(length)));
    }
    return -errno;
}

std::vector<Marked> MarkedFiles(const std::string &path, uint32_t bits, const std::string &name)
{
    std::vector<Marked> files;
    const Folder folder(path);
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
        const std::string bytes(value, size < 0 ? 0 : static_cast<size_t>(size));
        files.push_back({entry->d_name, found.stx_mode & 07777U, found.stx_uid, size >= 0, bytes});
    }
    return files;
}

static std::string Nanoseconds(const struct statx_timestamp &time)
{
    return std::to_string(time.tv_sec * 1000000000LL + time.tv_nsec);
}

std::vector<Stamped> StampedFiles(const std::string &path)
{
    std::vector<Stamped> files;
    const Folder folder(path);
    if (!folder.Stream())
        return files;
    while (const dirent *entry = folder.Next()) {
        struct statx found;
        const bool regular =
            entry->d_type != DT_LNK && entry->d_type != DT_DIR &&
            statx(dirfd(folder.Stream()), entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &found) == 0 &&
            S_ISREG(found.stx_mode);
        std::string stamp;
        if (regular)
            stamp = std::to_string(makedev(found.stx_dev_major, found.stx_dev_minor)) + ":" +
                    std::to_string(found.stx_ino) + " " + Nanoseconds(found.stx_mtime) + " " +
                    Nanoseconds(found.stx_ctime) + " " + std::to_string(found.stx_size) + " " +
                    std::to_string(found.stx_uid);
        files.push_back({entry->d_name, stamp});
    }
    return files;
}
