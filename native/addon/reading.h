// Whole looks at small files, without JavaScript: for the thread that asks for one, and for the one that reads ahead.
#ifndef PR_READING_H
#define PR_READING_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

struct Bytes {
    char *data;
    size_t size;
};

// How many bytes of a file came, or the negative of an errno value; -EFBIG where there is no room for one more.
ssize_t ReadWhole(const std::string &path, const Bytes &into);

// The same of /proc/PID/maps: the first line, so that a file of lines is never mistaken for an empty one, and those
// that may be run code from or have `text` in them.
ssize_t ReadCode(const std::string &path, const Bytes &into, const std::string &text);

// These three give 0, or the negative of an errno value.
int LinkTarget(const std::string &path, std::string &target);
int IdentityOf(const std::string &path, std::string &identity);

struct Links {
    std::vector<std::string> texts;
    // None of the names could be read as a link.
    bool empty = true;
};
// "NAME TEXT" of the links whose text begins with `start`. What goes away meanwhile is left out.
int LinksOf(const std::string &path, const std::string &start, Links &links);

struct Marked {
    std::string name;
    uint32_t mode;
    uint32_t uid;
    bool has_value;
    std::string value;
};
// The regular files of a folder, links left out, with one of the mode `bits` or an extended attribute `name`.
std::vector<Marked> MarkedFiles(const std::string &path, uint32_t bits, const std::string &name);

struct Stamped {
    std::string name;
    // Of a regular file: which one it is, its last changes, size and owner. Empty for what is none.
    std::string stamp;
};
// What is in a folder, links not followed. Empty also where it cannot be read.
std::vector<Stamped> StampedFiles(const std::string &path);

#endif
