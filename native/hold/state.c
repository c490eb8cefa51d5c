// The state: a file of JSON that says what is held now, and a lock, so that there is one program that writes it.
//
// It must never say that a port is held when it is not, but for a hold while it becomes a block. So what is let go is
// taken out of it first, it is removed before the program ends, and where it cannot be written it is removed too. A
// program that is killed leaves it; so it names its process and when that started, which a reader compares with
// /proc/PID/stat.
#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[PATH_MAX], fresh[PATH_MAX];
static uint64_t start_time;
static bool has_failed;

// When this process started, in clock ticks since the host did: field 22, of which the second is a name in parentheses
// that may have anything in it. 0 where it cannot be read.
static uint64_t read_start_time(void)
{
    char text[1024] = "";
    const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const ssize_t count = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    const char *field = count > 0 ? strrchr(text, ')') : NULL;
    uint64_t ticks = 0;

    if (fd >= 0)
        close(fd);
    for (int blanks = 0; field && blanks < 20; blanks++)
        field = strchr(field + 1, ' ');
    while (field && *++field >= '0' && *field <= '9')
        ticks = ticks * 10 + (uint64_t)(*field - '0');
    return ticks;
}

static void cannot(const char *what)
{
    if (!has_failed)
        pr_say("error: cannot ", what, " '", place, "': ", pr_error_name(errno), "; what is held does not depend on it",
               NULL);
    has_failed = true;
}

int pr_hold_state_open(const char *path)
{
    char lock[PATH_MAX];

    start_time = read_start_time();
    if (!pr_join(place, path, "") || !pr_join(fresh, path, ".new") || !pr_join(lock, path, ".lock")) {
        pr_say("error: the path of the state is too long", NULL);
        return -1;
    }
    char *const slash = strrchr(place, '/');
    if (slash && slash != place) {
        *slash = '\0';
        // Where that fails, to open the lock fails.
        (void)mkdir(place, 0755);
        *slash = '/';
    }
    const int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        cannot("lock");
        return 0;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0; // it stays open, and locked, until this process ends
    if (errno == EWOULDBLOCK) {
        pr_say("error: another portreserve-hold is running, and has the lock '", lock, "'", NULL);
        return -1;
    }
    cannot("lock");
    return 0;
}

static void add_escaped(struct pr_text *json, const char *words)
{
    static const char digits[] = "0123456789abcdef";

    pr_text_add(json, "\"");
    for (; *words; words++) {
        const unsigned char byte = (unsigned char)*words;

        if (byte < ' ' || byte == '"' || byte == '\\') {
            const char code[] = {digits[byte >> 4], digits[byte & 15]};

            pr_text_add(json, "\\u00");
            pr_text_bytes(json, code, sizeof code);
        } else {
            pr_text_bytes(json, words, 1);
        }
    }
    pr_text_add(json, "\"");
}

static void add_held(struct pr_text *json, const struct pr_hold_held *held)
{
    static const char *const states[] = {
        [PR_REFUSED] = "refused", [PR_HELD] = "held", [PR_BESIDE] = "beside", [PR_ABSENT] = "absent"};
    int error = 0;

    pr_text_add(json, "{\"port\":");
    pr_text_number(json, held->entry.port);
    pr_text_add(json, held->entry.protocol == PR_TCP ? ",\"protocol\":\"tcp\"" : ",\"protocol\":\"udp\"");
    pr_text_add(json, held->entry.kind == PR_HOLD ? ",\"kind\":\"hold\"" : ",\"kind\":\"block\"");
    for (int family = 0; family < PR_FAMILIES; family++) {
        const struct pr_hold_slot *const slot = &held->slots[family];

        pr_text_add(json, family ? ",\"ipv6\":\"" : ",\"ipv4\":\"");
        pr_text_add(json, states[slot->state]);
        pr_text_add(json, "\"");
        if (slot->state == PR_REFUSED && error == 0)
            error = slot->error;
    }
    pr_text_add(json, ",\"error\":");
    if (error)
        add_escaped(json, pr_error_name(error));
    else
        pr_text_add(json, "null");
    pr_text_add(json, "}");
}

static void add_all(struct pr_text *json, const char *file, const char *problem, const struct pr_hold_holds *holds)
{
    pr_text_add(json, "{\"version\":1,\"pid\":");
    pr_text_number(json, (uint64_t)getpid());
    pr_text_add(json, ",\"startTime\":");
    pr_text_number(json, start_time);
    pr_text_add(json, ",\"file\":{\"path\":");
    add_escaped(json, file);
    pr_text_add(json, ",\"problem\":");
    if (problem)
        add_escaped(json, problem);
    else
        pr_text_add(json, "null");
    pr_text_add(json, "},\"held\":[");
    for (size_t i = 0; i < holds->count; i++) {
        pr_text_add(json, i ? ",\n" : "\n");
        add_held(json, &holds->held[i]);
    }
    pr_text_add(json, "\n]}\n");
}

void pr_hold_state_write(const char *file, const char *problem, const struct pr_hold_holds *holds)
{
    // What is there is of a program that was killed, or of somebody else's: a FIFO would be waited for, and another
    // name of a file be written to.
    (void)unlink(fresh);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct pr_text json = {.fd = fd, .failed = false, .length = 0};

    if (fd >= 0) {
        const bool readable = fchmod(fd, 0644) == 0; // whatever the umask
        add_all(&json, file, problem, holds);
        const bool whole = pr_text_end(&json) == 0;
        close(fd);
        if (readable && whole && rename(fresh, place) == 0) {
            has_failed = false;
            return;
        }
    }
    cannot("write");
    pr_hold_state_remove();
}

void pr_hold_state_remove(void)
{
    (void)unlink(fresh);
    (void)unlink(place);
}
