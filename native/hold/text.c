// Text without stdio: words, numbers, names of errors, and lines on standard error.
#include "hold.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static void flush(struct pr_text *text)
{
    size_t done = 0;

    while (text->fd >= 0 && !text->failed && done < text->length) {
        const ssize_t count = write(text->fd, text->bytes + done, text->length - done);

        if (count >= 0)
            done += (size_t)count;
        else if (errno != EINTR)
            text->failed = true;
    }
    text->length = 0;
}

void pr_text_bytes(struct pr_text *text, const char *bytes, size_t count)
{
    while (count > 0) {
        const size_t room = sizeof text->bytes - text->length, part = count < room ? count : room;

        memcpy(text->bytes + text->length, bytes, part);
        text->length += part;
        bytes += part;
        count -= part;
        if (count > 0 && text->fd < 0)
            return;
        if (count > 0)
            flush(text);
    }
}

void pr_text_add(struct pr_text *text, const char *words)
{
    pr_text_bytes(text, words, strlen(words));
}

void pr_text_number(struct pr_text *text, uint64_t number)
{
    char digits[20];
    size_t first = sizeof digits;

    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    pr_text_bytes(text, digits + first, sizeof digits - first);
}

int pr_text_end(struct pr_text *text)
{
    flush(text);
    return text->failed ? -1 : 0;
}

const char *pr_error_name(int error)
{
#define NAME(of)                                                                                                       \
    {                                                                                                                  \
        of, #of                                                                                                        \
    }
    static const struct {
        int error;
        const char *name;
    } names[] = {NAME(EADDRINUSE),   NAME(EPERM),   NAME(EACCES), NAME(EADDRNOTAVAIL), NAME(EAFNOSUPPORT),
                 NAME(ENOPROTOOPT),  NAME(EMFILE),  NAME(ENFILE), NAME(ENOMEM),        NAME(ENOBUFS),
                 NAME(ENOENT),       NAME(ENOTDIR), NAME(ELOOP),  NAME(EROFS),         NAME(ENOSPC),
                 NAME(ECONNREFUSED), NAME(EINVAL),  NAME(ENOSYS), NAME(EIO),           NAME(EISDIR),
                 NAME(EEXIST),       NAME(EAGAIN),  NAME(EDQUOT), NAME(EOVERFLOW),     NAME(ENOTCONN),
                 NAME(ETOOMANYREFS)};
    static char other[16];
    struct pr_text text = {.fd = -1, .failed = false, .length = 0};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    pr_text_add(&text, "errno ");
    pr_text_number(&text, (uint64_t)error);
    memcpy(other, text.bytes, text.length);
    other[text.length] = '\0';
    return other;
}

bool pr_join(char to[PATH_MAX], const char *first, const char *second)
{
    const size_t length = strlen(first), more = strlen(second) + 1;

    if (length + more > PATH_MAX)
        return false;
    memcpy(to, first, length + 1);
    memcpy(to + length, second, more);
    return true;
}

void pr_say(const char *first, ...)
{
    struct pr_text text = {.fd = STDERR_FILENO, .failed = false, .length = 0};
    va_list words;

    pr_text_add(&text, "portreserve-hold: ");
    va_start(words, first);
    for (const char *word = first; word; word = va_arg(words, const char *))
        pr_text_add(&text, word);
    va_end(words);
    pr_text_add(&text, "\n");
    pr_text_end(&text);
}
