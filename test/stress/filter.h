// A program's own seccomp filter for one system call, by its name; others go on as before. Ends the program where the
// kernel takes no filter, or the name is none of those in filter.c.
#ifndef PR_TEST_FILTER_H
#define PR_TEST_FILTER_H

#include <linux/seccomp.h>

#define FAIL_WITH(error) (SECCOMP_RET_ERRNO | (error))
#define KILL SECCOMP_RET_KILL_PROCESS

void filter(const char *name, unsigned verdict);

// The call raises SIGSYS, whose handler has it fail with EPERM.
void trap(const char *name);
int times_trapped(void);

#endif
