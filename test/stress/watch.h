// How a process ended, or that it never will: a hang is seen, not guessed from the time that has passed.
#ifndef PR_TEST_WATCH_H
#define PR_TEST_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

enum {
    LIMIT = 30000 // milliseconds after which a process that has neither ended nor been seen to hang counts as hung
};

// Whether a process with one thread waits, without a time limit, for a lock of its own memory: nobody can ever wake it.
bool waits_for_itself(pid_t pid);

// Waits until the child has ended, and returns its wait status, or -1 where it hangs; a child that hangs is killed.
int watch(pid_t child);

#endif
