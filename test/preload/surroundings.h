// What a program may find itself in, for the steps of allocator.c. All end the program where it cannot be arranged.
#ifndef PR_TEST_SURROUNDINGS_H
#define PR_TEST_SURROUNDINGS_H

#include <sys/resource.h>

// From here on the program may not bind a privileged port.
void drop_capability(void);

// A soft limit from here on.
void limit(__rlimit_resource_t what, rlim_t most);

// From here on no file may be mapped.
void refuse_file_mappings(void);

// Retires the table by /etc/retired.mark and puts /etc/next.table in its place, as the manager does.
void replace_table(void);

// The size of the address space in pages.
long address_space(void);

// How many file descriptors are open.
int open_descriptors(void);

#endif
