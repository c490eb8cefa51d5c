// What the service manager is told, as sd_notify(3) has it: a datagram to the socket that NOTIFY_SOCKET names.
#include "hold.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void notify(const char *message, size_t length)
{
    const char *const path = getenv("NOTIFY_SOCKET");
    const size_t size = path ? strlen(path) : 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    // Whoever does not read is not waited for for ever.
    const struct timeval patience = {.tv_sec = 5};

    if (size < 2 || size > sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, size);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)sendto(fd, message, length, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
    close(fd);
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
    notify(message.bytes, message.length);
}

void pr_hold_reloading(void)
{
    struct pr_text message = {.fd = -1, .failed = false, .length = 0};
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    pr_text_add(&message, "RELOADING=1\nMONOTONIC_USEC=");
    pr_text_number(&message, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    pr_text_add(&message, "\n");
    notify(message.bytes, message.length);
}

void pr_hold_stopping(void)
{
    static const char message[] = "STOPPING=1\nSTATUS=no port is held any more\n";

    notify(message, sizeof message - 1);
}
