// What the service manager is told, as sd_notify(3) has it: a datagram to the socket that NOTIFY_SOCKET names.
#include "hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Whether it took the last one in time: one that is stuck is not waited for with every message.
static bool is_patient = true;

bool pr_hold_notify(const char *message, size_t length, int fd)
{
    const char *const path = getenv("NOTIFY_SOCKET");
    const size_t size = path ? strlen(path) : 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = PR_HOLD_PATIENCE};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec words = {.iov_base = (void *)message, .iov_len = length};
    struct msghdr header = {.msg_name = &address, .msg_iov = &words, .msg_iovlen = 1};

    errno = ENOTCONN;
    if (size < 2 || size > sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(address.sun_path, path, size);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';
    header.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (fd >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        struct cmsghdr *const rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    const int from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (from < 0)
        return false;
    (void)setsockopt(from, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const bool sent = sendmsg(from, &header, MSG_NOSIGNAL | (is_patient ? 0 : MSG_DONTWAIT)) >= 0;
    const int error = errno;
    is_patient = sent || error != EAGAIN;
    close(from);
    errno = error;
    return sent;
}

void pr_hold_ready(const struct pr_hold_holds *holds, const char *file, const char *problem)
{
    struct pr_text message = {.fd = -1, .failed = false, .length = 0};
    size_t refused = 0;

    for (size_t i = 0; i < holds->count; i++)
        refused += holds->held[i].slots[0].state == PR_REFUSED || holds->held[i].slots[1].state == PR_REFUSED;
    pr_text_add(&message, "READY=1\nSTATUS=");
    pr_text_number(&message, holds->count - refused);
    pr_text_add(&message, " of ");
    pr_text_number(&message, holds->count);
    pr_text_add(&message, holds->count == 1 ? " port is held" : " ports are held");
    if (problem) {
        pr_text_add(&message, "; ");
        pr_text_add(&message, file);
        pr_text_add(&message, " is refused: ");
        pr_text_add(&message, problem);
    }
    pr_text_add(&message, "\n");
    (void)pr_hold_notify(message.bytes, message.length, -1);
}

void pr_hold_reloading(void)
{
    struct pr_text message = {.fd = -1, .failed = false, .length = 0};
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    pr_text_add(&message, "RELOADING=1\nMONOTONIC_USEC=");
    pr_text_number(&message, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    pr_text_add(&message, "\n");
    (void)pr_hold_notify(message.bytes, message.length, -1);
}

void pr_hold_stopping(bool fdstore)
{
    static const char none[] = "STOPPING=1\nSTATUS=no port is held any more\n";
    // It has no more of them once the service is stopped, and all if that is started again.
    static const char stored[] = "STOPPING=1\nSTATUS=the service manager has the ports\n";

    if (fdstore)
        (void)pr_hold_notify(stored, sizeof stored - 1, -1);
    else
        (void)pr_hold_notify(none, sizeof none - 1, -1);
}
