// One call of an allocator by its name, as the stress programs make them: from threads, forked children and signal
// handlers, so nothing here allocates, locks or prints.
#ifndef PR_TEST_TAKE_H
#define PR_TEST_TAKE_H

#include <stdatomic.h>
#include <stdbool.h>

// How often a call that succeeded had changed errno, in all threads.
extern atomic_long errno_changed;

// Calls the function `symbol` with the socket `fd` and an address of 0.0.0.0, or of [::] where a 6 stands behind the
// name. rresvport and rresvport_af have a socket of their own, which is closed; they are asked from `rresvport_start`
// down, else from the second reserved port, or 631. Returns the port it gave, or -errno; -1001 where *alport is not the
// port of the socket.
extern _Thread_local int rresvport_start;
int take_with(const char *symbol, int fd);

// The same with a new UDP socket, which is closed again. -1000 where there is none to be had.
int take(const char *symbol);

// The ports that the tests reserve all the time: a program is told with "LOW-HIGH".
extern int reserved_low, reserved_high;
void parse_reserved(const char *range);
bool is_reserved(int port);

#endif
