// What the holder's files share. Rules for all of them: no memory is allocated, no other program is started, and after
// the start no file is opened but the configuration, /proc/net and the state.
#ifndef PR_HOLD_H
#define PR_HOLD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PR_HOLD_ENTRIES = 2048, PR_HOLD_BYTES = 65536, PR_HOLD_PROBLEM = 256 };

enum pr_hold_kind {
    PR_HOLD,  // for its owner, which has SO_REUSEADDR
    PR_BLOCK, // for nobody
    PR_MIXED, // of sockets that are handed over: neither, since the one became the other when the program ended
};

enum pr_hold_protocol { PR_TCP, PR_UDP };

struct pr_hold_entry {
    uint16_t port; // 1..65535
    unsigned char protocol, kind;
};

static inline int pr_hold_compare(const struct pr_hold_entry *a, const struct pr_hold_entry *b)
{
    return a->protocol != b->protocol ? a->protocol - b->protocol : a->port - b->port;
}

struct pr_hold_list {
    size_t count;
    struct pr_hold_entry entries[PR_HOLD_ENTRIES]; // by protocol and port, none twice
};

struct pr_hold_fault {
    unsigned line; // from 1
    const char *reason;
};

// Parses a compiled file. Returns 0, or -1 with *ret_fault set; the list is of use only with 0.
int pr_hold_parse(const char *bytes, size_t size, struct pr_hold_list *list, struct pr_hold_fault *ret_fault);

// Reads the compiled file at `path`; one that is missing is an empty list. Returns 0, or -1 with the reason in
// `problem`.
int pr_hold_read(const char *path, struct pr_hold_list *list, char problem[PR_HOLD_PROBLEM]);

// Whether another file than the one that was read last is there now.
bool pr_hold_is_replaced(const char *path);

enum pr_hold_state {
    PR_REFUSED, // somebody has the port who does not share it, or the kernel does not let us: `error` says what it said
    PR_HELD,
    PR_BESIDE, // held, since a time when somebody listened there
    PR_ABSENT, // the kernel has no such address family
};

// A port in one address family. Where a hold is refused because of somebody who has the port and does not listen, `fd`
// may be bound beside it already, so that nobody else gets the port after it.
struct pr_hold_slot {
    int fd;    // -1: none
    int error; // errno of the last try where it is refused
    enum pr_hold_state state;
    bool is_stored;  // the service manager has a descriptor of it too
    bool is_nowhere; // it was handed over bound to the interface that cannot exist
};

enum { PR_FAMILIES = 2 };

struct pr_hold_held {
    struct pr_hold_entry entry;
    struct pr_hold_slot slots[PR_FAMILIES]; // IPv4, IPv6
};

struct pr_hold_holds {
    size_t count;
    struct pr_hold_held held[PR_HOLD_ENTRIES];
};

// Takes the port in that family (0: IPv4, 1: IPv6), or tries once more; the slot says what came of it.
void pr_hold_take(const struct pr_hold_entry *entry, int family, struct pr_hold_slot *slot);

// How many descriptors this process may have. The last few are for no socket, so that a file can be read, and the state
// written, whatever is held.
void pr_hold_limit(unsigned long descriptors);

// Makes a hold of a block, or of what is on its way from one to the other, without letting go of the port. Returns 0,
// or -1 where this kernel cannot.
int pr_hold_share(const struct pr_hold_entry *entry, const struct pr_hold_slot *slot);

// Whether anybody's TCP socket listens on `port`. Looked up once until pr_hold_look_again().
bool pr_hold_listens(unsigned port);
void pr_hold_look_again(void);

// Takes what is new in the list and keeps what is in it already; what is no longer in it stays held until the next
// call. There is one set of holds: what this returns is it.
const struct pr_hold_holds *pr_hold_load(const struct pr_hold_list *list);

// Lets go what the last list had no more. Returns whether there was anything.
bool pr_hold_let_go(void);

// Takes over a socket of a port that was held before this program started. Returns NULL, or why it cannot.
const char *pr_hold_adopt(const struct pr_hold_entry *entry, int family, int fd);

// What was taken over is held now, as far as it can be seen; NULL where that is nothing.
const struct pr_hold_holds *pr_hold_adopted(void);

// Gives the service manager's store what it has not yet, up to so many sockets; all of it once more, where that may
// have lost some.
void pr_hold_store(size_t most);
void pr_hold_give_again(void);

// Tries again what is refused, and says of each that changed so. Returns whether any did.
bool pr_hold_retry(void);

// Whether anything is refused that may not be so for ever.
bool pr_hold_waits(void);

// How the program was told to run.
struct pr_hold_options {
    const char *file, *state;
    bool check, fdstore;
};

// Fills it from the command line. Returns -1 to go on, else the exit status.
int pr_hold_options(int argc, char **argv, struct pr_hold_options *ret_options);

// Takes this process's place as the one that writes the state. Returns -1 where another has it; where there can be no
// state it says so, and returns 0.
int pr_hold_state_open(const char *path);

// Writes the state; `problem` is NULL or what is wrong with the file.
void pr_hold_state_write(const char *file, const char *problem, const struct pr_hold_holds *holds);
void pr_hold_state_remove(void);

// Seconds that the service manager may take.
enum { PR_HOLD_PATIENCE = 5 };

// Sends the service manager a message, and a descriptor unless that is -1. False where it was not sent.
bool pr_hold_notify(const char *message, size_t length, int fd);

// Its store of descriptors. Takes over what it hands to this process; from then on it is given what is held.
void pr_hold_inherit(void);
bool pr_hold_give(const struct pr_hold_entry *entry, int family, int fd);

// Has it let go of what it may have been given; what it has not does no harm.
void pr_hold_take_back(const struct pr_hold_entry *entry, int family);

// Waits until it has closed what was taken back, which is as good as bound until then.
void pr_hold_settle(void);

// Tells the service manager, where there is one.
void pr_hold_ready(const struct pr_hold_holds *holds, const char *file, const char *problem);
void pr_hold_reloading(void);
void pr_hold_stopping(bool fdstore);

// Keeps the two capabilities that are needed, for good. Returns -1 where the one that cannot be done without is
// missing.
int pr_hold_drop(void);

// Lets this process make no more system calls than it needs, for good; says so where that cannot be had.
void pr_hold_filter(void);

// Text for a descriptor, written when the buffer is full and on pr_text_end(); without one (-1) what does not fit is
// lost.
struct pr_text {
    int fd;
    bool failed;
    size_t length;
    char bytes[4096];
};

void pr_text_add(struct pr_text *text, const char *words);
void pr_text_bytes(struct pr_text *text, const char *bytes, size_t count);
void pr_text_number(struct pr_text *text, uint64_t number);
int pr_text_end(struct pr_text *text); // 0, or -1 where something could not be written

// EADDRINUSE for its number; a number that has no name here is in one `buffer`, until the next call.
const char *pr_error_name(int error);

// Puts a path together from two parts. False where it is too long.
bool pr_join(char to[PATH_MAX], const char *first, const char *second);

// One line on standard error, put together from words up to a NULL.
void pr_say(const char *first, ...) __attribute__((sentinel));

#endif
