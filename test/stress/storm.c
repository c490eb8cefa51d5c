// storm SYMBOL CALLS UNTIL LOW-HIGH A-A B-B: threads that allocate without a break while others replace the table.
//
// Behind SYMBOL a 6 asks for IPv6. Goes on until CALLS calls were made and the file UNTIL is there. Prints by how much
// the table's generation went up, and how many ports were handed out of LOW-HIGH, which every table reserves, and of
// A-A and B-B, which only some do.
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, BLOCK = 1000 };

struct range {
    int low, high;
    atomic_long given;
};

static const char *symbol;
static struct range ranges[3]; // reserved always, in one half of the tables, in the other half
static atomic_long calls, failed;
static atomic_bool done;

static void *call_until_done(void *unused)
{
    (void)unused;
    while (!done) {
        for (int i = 0; i < BLOCK; i++) {
            rresvport_start = ranges[i % 3].high;
            const int port = take(symbol);

            failed += port < 0;
            for (int j = 0; j < 3; j++)
                if (port >= ranges[j].low && port <= ranges[j].high)
                    ranges[j].given++;
        }
        calls += BLOCK;
    }
    return NULL;
}

static long generation(void)
{
    uint64_t value = 0;
    const int fd = open("/etc/portreserve.table", O_RDONLY | O_CLOEXEC);

    if (pread(fd, &value, sizeof value, 16) != sizeof value) {
        perror("/etc/portreserve.table");
        exit(9);
    }
    close(fd);
    return (long)value;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];

    if (argc != 7)
        return 9;
    symbol = argv[1];
    const long wanted = atol(argv[2]), before = generation();
    for (int i = 0; i < 3; i++)
        if (sscanf(argv[4 + i], "%d-%d", &ranges[i].low, &ranges[i].high) != 2)
            return 9;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, call_until_done, NULL);
    while (calls < wanted || access(argv[3], F_OK) != 0)
        usleep(10000);
    const long seen = generation() - before;
    done = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("{\"calls\":%ld,\"tables\":%ld,\"failed\":%ld,\"errnoChanged\":%ld,\"always\":%ld,\"a\":%ld,\"b\":%ld}\n",
           calls, seen, failed, errno_changed, ranges[0].given, ranges[1].given, ranges[2].given);
    return 0;
}
