// What portreserve-probe is asked for.
#ifndef PR_PROBE_H
#define PR_PROBE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ALLOCATORS = 6 };

struct symbol {
    const char *name;
    uintptr_t provider;                   // the function's own address in whatever object has it; 0 where none does
    int (*in)(int, struct sockaddr_in *); // one of the three is set, unless nothing loaded has the symbol
    int (*any)(int, struct sockaddr *);
    int (*down)(int *, sa_family_t);
};

struct options {
    const struct symbol *symbol;
    int family, type;
    enum { ADDRESS_ANY, ADDRESS_NULL, ADDRESS_LOOPBACK } address;
    unsigned port;
    unsigned long count; // 0: until the first failure
    bool hold, step, which;
};

// The symbol of this name, or NULL where there is none such.
const struct symbol *find_symbol(const char *name);

// The allocator of this number, below ALLOCATORS.
const struct symbol *symbol_at(size_t index);

// Prints a JSON line for each allocator: the path of the object that gives it to this process, or null.
void print_providers(void);

// Reads the command line; ends the program where it is wrong, or only asks for help.
void read_options(int argc, char **argv, struct options *ret_options);

#endif
