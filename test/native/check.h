// CHECK for the C tests: says what did not hold and where, and counts it.
#ifndef PR_TEST_CHECK_H
#define PR_TEST_CHECK_H

#include <stdio.h>

static int failures;

#define CHECK(what)                                                                                                    \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);                                  \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

#endif
