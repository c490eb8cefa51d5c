// The compiled file: opened, looked at, and read as a whole. Only root's word counts: whoever can write the file
// decides which ports nobody gets.
#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Its bytes; one more than there may be.
static char bytes[PR_HOLD_BYTES + 1];

// The file that was read last; zeros where there was none.
static struct stat last;

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

// NULL, or why this file is not read.
static const char *unfit(int fd)
{
    if (fstat(fd, &last) != 0)
        return pr_error_name(errno);
    if (!S_ISREG(last.st_mode))
        return "it is no regular file";
    if (last.st_uid != 0)
        return "it does not belong to root";
    if (last.st_mode & (S_IWGRP | S_IWOTH))
        return "others than root can write it";
    return NULL;
}

// NULL with the file's size, or why it could not be read.
static const char *read_all(int fd, size_t *ret_size)
{
    size_t size = 0;

    for (;;) {
        const ssize_t count = read(fd, bytes + size, sizeof bytes - size);

        if (count < 0 && errno != EINTR)
            return pr_error_name(errno);
        if (count == 0)
            break;
        if (count > 0)
            size += (size_t)count;
        if (size == sizeof bytes)
            return "it is longer than 64 KiB";
    }
    *ret_size = size;
    return NULL;
}

static void describe(char problem[PR_HOLD_PROBLEM], unsigned line, const char *reason)
{
    struct pr_text text = {.fd = -1, .failed = false, .length = 0};

    if (line > 0) {
        pr_text_add(&text, "line ");
        pr_text_number(&text, line);
        pr_text_add(&text, ": ");
    }
    pr_text_add(&text, reason);
    const size_t length = text.length < PR_HOLD_PROBLEM ? text.length : PR_HOLD_PROBLEM - 1;
    memcpy(problem, text.bytes, length);
    problem[length] = '\0';
}

int pr_hold_read(const char *path, struct pr_hold_list *list, char problem[PR_HOLD_PROBLEM])
{
    const int fd = open_file(path);
    struct pr_hold_fault fault = {.line = 0, .reason = NULL};
    size_t size = 0;

    last = (struct stat){0};
    if (fd < 0 && errno == ENOENT) {
        list->count = 0;
        return 0;
    }
    if (fd < 0) {
        describe(problem, 0, pr_error_name(errno));
        return -1;
    }
    fault.reason = unfit(fd);
    if (!fault.reason)
        fault.reason = read_all(fd, &size);
    close(fd);
    if (!fault.reason && pr_hold_parse(bytes, size, list, &fault) == 0)
        return 0;
    describe(problem, fault.line, fault.reason);
    return -1;
}

bool pr_hold_is_replaced(const char *path)
{
    const int fd = open_file(path);
    struct stat now = {0};

    if (fd < 0 && errno != ENOENT)
        return false;
    const bool is_seen = fd < 0 || fstat(fd, &now) == 0;
    if (fd >= 0)
        close(fd);
    return is_seen && (now.st_dev != last.st_dev || now.st_ino != last.st_ino ||
                       now.st_ctim.tv_sec != last.st_ctim.tv_sec || now.st_ctim.tv_nsec != last.st_ctim.tv_nsec);
}
