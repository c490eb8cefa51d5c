// The shim's code inside one program, for sanitizers: threads that allocate while a writer retires, replaces,
// truncates and removes the table; and a signal handler that allocates inside an allocation.
#include "../../native/preload/shim.h"
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

// Reserved in every table of this test, so that no allocation may ever give it.
enum { ALWAYS = 650, THREADS = 4, SWAPS = 400 };

static atomic_bool done;
static atomic_int theft, calls;

static void write_table(const char *path, unsigned other)
{
    const struct pr_table_entry entries[] = {{ALWAYS, PR_TABLE_TCP | PR_TABLE_UDP}, {(uint16_t)other, PR_TABLE_UDP}};
    const unsigned char digest[PR_TABLE_DIGEST_SIZE] = {(unsigned char)other};
    struct pr_table table;

    CHECK(pr_table_build(entries, 2, other, digest, &table) == 0);
    const int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    CHECK(write(fd, &table, sizeof table) == sizeof table);
    close(fd);
}

// As the manager does it: the new file is complete, the old one retired, then the name changes hands.
static void replace_table(unsigned other)
{
    const struct pr_table_mark retired = pr_table_no_longer;
    const int old = open(PR_TABLE_PATH, O_WRONLY);

    write_table("next.table", other);
    CHECK(pwrite(old, &retired, sizeof retired, offsetof(struct pr_table, mark)) == sizeof retired);
    close(old);
    CHECK(rename("next.table", PR_TABLE_PATH) == 0);
}

static unsigned allocate(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int result = bindresvport(fd, &address);

    close(fd);
    return result == 0 ? ntohs(address.sin_port) : 0;
}

static void *allocate_until_done(void *unused)
{
    (void)unused;
    while (!done) {
        theft += allocate() == ALWAYS;
        calls++;
    }
    return NULL;
}

static void allocate_in_handler(int signal)
{
    (void)signal;
    const int saved = errno;
    theft += allocate() == ALWAYS;
    errno = saved;
}

static void threads_never_get_it_while_tables_change(void)
{
    pthread_t threads[THREADS];

    write_table(PR_TABLE_PATH, 700);
    done = false;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate_until_done, NULL) == 0);
    for (unsigned i = 0; i < SWAPS; i++) {
        replace_table(700 + i % 100);
        pthread_kill(threads[i % THREADS], SIGUSR1);
        usleep(200);
    }
    done = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(calls > SWAPS);
    CHECK(theft == 0);
}

static void threads_survive_a_table_that_comes_and_goes(void)
{
    pthread_t threads[THREADS];

    done = false;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate_until_done, NULL) == 0);
    for (unsigned i = 0; i < SWAPS; i++) {
        if (i % 3 == 0)
            CHECK(truncate(PR_TABLE_PATH, 0) == 0);
        else if (i % 3 == 1)
            write_table(PR_TABLE_PATH, 700);
        else
            replace_table(701);
        usleep(200);
    }
    done = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    // Without a table the port is free for all: had it never been given, the first test would prove nothing.
    CHECK(theft > 0);
}

// Odd ports are reserved, and there is no descriptor to read the table with: every call must go by the one at hand.
enum { SOCKETS = 200 };
static int sockets[THREADS][SOCKETS];
static atomic_int odd;

static void *allocate_without_descriptors(void *own)
{
    for (int i = 0; i < SOCKETS; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET};

        if (bindresvport(((int *)own)[i], &address) == 0)
            odd += ntohs(address.sin_port) % 2;
        // Makes room for the others without freeing the descriptor.
        CHECK(dup2(sockets[0][0], ((int *)own)[i]) >= 0);
    }
    return NULL;
}

static void threads_never_get_it_without_a_free_descriptor(void)
{
    struct pr_table_entry entries[512];
    const unsigned char digest[PR_TABLE_DIGEST_SIZE] = {1};
    struct pr_table table;
    struct rlimit before, none;
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < 256; i++)
        entries[i] = (struct pr_table_entry){(uint16_t)(513 + 2 * i), PR_TABLE_TCP | PR_TABLE_UDP};
    CHECK(pr_table_build(entries, 256, 1, digest, &table) == 0);
    const int fd = open("next.table", O_CREAT | O_TRUNC | O_WRONLY, 0644);
    CHECK(write(fd, &table, sizeof table) == sizeof table);
    close(fd);
    CHECK(rename("next.table", PR_TABLE_PATH) == 0);
    allocate(); // so that a table is at hand: the one before was truncated, or is retired
    CHECK(allocate() % 2 == 0);

    for (int i = 0; i < THREADS; i++)
        for (int j = 0; j < SOCKETS; j++)
            sockets[i][j] = socket(AF_INET, SOCK_DGRAM, 0);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    // dup2() onto an open descriptor needs room for its number, open() a free one below the limit.
    none.rlim_cur = (rlim_t)sockets[THREADS - 1][SOCKETS - 1] + 1;
    setrlimit(RLIMIT_NOFILE, &none);
    CHECK(open("/dev/null", O_RDONLY) == -1 && errno == EMFILE);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate_without_descriptors, sockets[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK(odd == 0);
}

int main(void)
{
    const struct sigaction action = {.sa_handler = allocate_in_handler, .sa_flags = SA_RESTART};

    sigaction(SIGUSR1, &action, NULL);
    threads_never_get_it_while_tables_change();
    threads_survive_a_table_that_comes_and_goes();
    threads_never_get_it_without_a_free_descriptor();
    return failures ? 1 : 0;
}
