// Counts the bind() system calls of this process, also those that libc makes inside itself.
#ifndef PR_COUNT_BINDS_H
#define PR_COUNT_BINDS_H

// Starts counting; there is no way to stop. Each bind() becomes tens of times slower, so never count what is timed.
// Returns 0, or -1 with errno where the kernel refuses (Linux 5.5, and no other filter with a listener).
int count_binds_start(void);

// The bind() calls made since then.
unsigned long count_binds_so_far(void);

#endif
