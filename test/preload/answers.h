// What an allocator did, in words that can be compared, for the steps of allocator.c.
#ifndef PR_TEST_ANSWERS_H
#define PR_TEST_ANSWERS_H

// What errno is before a call.
enum { UNTOUCHED_ERRNO = 1234 };

const char *name_of(int error);

// Prints the port and address that `fd` has got, or why it has none; `sin`: the port in the address that was given, -1
// for none.
void report(int result, int error, int fd, int sin);

// Prints ports as ranges in the order they came, a new one wherever the next port is not one higher (or lower).
void print_ranges(const int *ports, int count, int step);

#endif
