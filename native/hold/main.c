// portreserve-hold: keeps ports bound for their owners without being in their way. It reads one file, takes what is in
// it, says so, and sleeps until a signal, or while something is refused for two seconds.
#include "hold.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

// In seconds, between two tries of what is refused.
enum { AGAIN = 2 };

// For a list and the one that takes its place, each port in two families, and what else is open.
enum { DESCRIPTORS = 2 * PR_FAMILIES * PR_HOLD_ENTRIES + 64 };

static struct pr_hold_list list;
static char problem_text[PR_HOLD_PROBLEM];
static size_t storable;

static int check(const char *file)
{
    if (pr_hold_read(file, &list, problem_text) != 0) {
        pr_say("error: '", file, "': ", problem_text, NULL);
        return 1;
    }
    struct pr_text text = {.fd = 1, .failed = false, .length = 0};
    size_t blocks = 0;

    for (size_t i = 0; i < list.count; i++)
        blocks += list.entries[i].kind == PR_BLOCK;
    pr_text_add(&text, file);
    pr_text_add(&text, ": ");
    pr_text_number(&text, list.count - blocks);
    pr_text_add(&text, " to hold, ");
    pr_text_number(&text, blocks);
    pr_text_add(&text, " to block\n");
    return pr_text_end(&text) == 0 ? 0 : 1;
}

// As many as are needed, or as many as there may be: what gets none is refused, and tried again. Returns how many there
// were at the start.
static rlim_t raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    const rlim_t first = limit.rlim_cur, most = limit.rlim_max;
    pr_hold_limit(first);
    if (first >= DESCRIPTORS)
        return first;
    limit.rlim_cur = DESCRIPTORS;
    if (most < DESCRIPTORS)
        limit.rlim_max = DESCRIPTORS;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        limit.rlim_cur = limit.rlim_max = most;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    pr_hold_limit(limit.rlim_cur);
    return first;
}

static const struct pr_hold_holds *load(const char *file, const struct pr_hold_holds *before, const char **ret_problem)
{
    const struct pr_hold_holds *holds = before;

    *ret_problem = pr_hold_read(file, &list, problem_text) == 0 ? NULL : problem_text;
    if (*ret_problem)
        pr_say("error: '", file, "' is refused: ", problem_text,
               before ? "; what was held is still held" : "; nothing is held, until SIGHUP says that it is good", NULL);
    else
        holds = pr_hold_load(&list);
    if (!holds) {
        list.count = 0;
        holds = pr_hold_load(&list);
    }
    return holds;
}

// Ends when it is told to.
static void hold(const char *file, const struct pr_hold_holds *holds, const sigset_t *signals)
{
    const struct timespec soon = {.tv_sec = AGAIN};
    const char *problem;
    bool is_ready = false;
    bool is_written;
    int signal = SIGHUP;

    while (signal != SIGTERM && signal != SIGINT) {
        is_written = true;
        if (signal == SIGHUP) {
            if (is_ready)
                pr_hold_reloading();
            holds = load(file, holds, &problem);
            pr_hold_state_write(file, problem, holds);
            // What was let go, descriptors for one, may be what others were refused for.
            if (pr_hold_let_go() && pr_hold_waits() && pr_hold_retry())
                pr_hold_state_write(file, problem, holds);
            pr_hold_store(storable);
            pr_hold_ready(holds, file, problem);
            is_ready = true;
        } else if (signal < 0 && errno == EAGAIN && pr_hold_retry()) {
            pr_hold_state_write(file, problem, holds);
            pr_hold_store(storable);
            pr_hold_ready(holds, file, problem);
        } else {
            is_written = false;
        }
        // Who has replaced the file since it was read, and found no state, or an older one, has told nobody of it.
        signal = is_written && pr_hold_is_replaced(file) ? SIGHUP
                                                         : sigtimedwait(signals, NULL, pr_hold_waits() ? &soon : NULL);
    }
}

int main(int argc, char **argv)
{
    struct pr_hold_options options;
    sigset_t signals;
    const int done = pr_hold_options(argc, argv, &options);

    if (done >= 0)
        return done;
    if (options.check)
        return check(options.file);

    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    // Whoever reads what it says may be gone.
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        pr_say("error: cannot set signals up: ", pr_error_name(errno), NULL);
        return 1;
    }
    // Where the manager hands over more than this process may have, it cannot start it; and the numbers of its own
    // descriptors are in the way of theirs.
    const rlim_t limit = raise_limit();
    storable = options.fdstore ? limit / 2 : 0;
    if (pr_hold_state_open(options.state) != 0 || pr_hold_drop() != 0)
        return 1;
    if (options.fdstore)
        pr_hold_inherit();
    const struct pr_hold_holds *const inherited = pr_hold_adopted();
    pr_hold_filter();
    hold(options.file, inherited, &signals);
    pr_hold_stopping(options.fdstore);
    pr_hold_state_remove();
    return 0;
}
