// forks SYMBOL FORKS THREADS LOW-HIGH: forks while threads are inside of the allocator; each child calls it once.
// Prints how many children ended, hung, died, failed and got a reserved port.
#include "take.h"
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 1000, RESERVED = 1, FAILED = 2, CHANGED = 3 };

static const char *symbol;
static atomic_bool done;
static atomic_long calls, failed;

static void *call_until_done(void *unused)
{
    (void)unused;
    // The one that forks is to come up at once, wherever it finds these.
    setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
    while (!done) {
        failed += take(symbol) < 0;
        calls++;
    }
    return NULL;
}

// Keeps nothing of its parent's but the pipe: a child that hangs must not keep ports busy for the others.
static void be_child(int pipe)
{
    dup2(pipe, 3);
    close_range(4, ~0u, 0);

    const long changed = errno_changed;
    const int port = take(symbol);

    _exit(port < 0 ? FAILED : is_reserved(port) ? RESERVED : errno_changed != changed ? CHANGED : 0);
}

int main(int argc, char **argv)
{
    static struct pollfd pipes[MOST]; // each readable at its end once its child has ended
    static pid_t children[MOST];
    pthread_t threads[64];
    int counts[4] = {0}, hung = 0, died = 0;

    if (argc != 5)
        return 9;
    symbol = argv[1];
    const int forks = atoi(argv[2]), count = atoi(argv[3]);
    parse_reserved(argv[4]);
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, call_until_done, NULL);
    for (int i = 0; i < forks; i++) {
        int ends[2];
        const long before = calls;

        // Each fork meets the threads at another place: one of them at least has gone on.
        do
            poll(NULL, 0, 1);
        while (calls == before);
        if (pipe(ends) != 0 || (children[i] = fork()) < 0) {
            perror("fork");
            return 9;
        }
        if (children[i] == 0)
            be_child(ends[1]);
        close(ends[1]);
        pipes[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    }
    done = true;
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);

    int left = forks;
    for (int waited = 0; left > 0 && waited < LIMIT; waited += 20) {
        poll(pipes, (nfds_t)forks, 20);
        for (int i = 0; i < forks; i++) {
            if (pipes[i].fd < 0 || (!pipes[i].revents && !waits_for_itself(children[i])))
                continue;
            pipes[i].fd = -1;
            left--;
        }
    }
    for (int i = 0; i < forks; i++) {
        const int status = pipes[i].fd < 0 ? watch(children[i]) : -1;

        if (status == -1) {
            kill(children[i], SIGKILL);
            waitpid(children[i], NULL, 0);
            hung++;
        } else if (!WIFEXITED(status)) {
            died++;
        } else {
            counts[WEXITSTATUS(status) & 3]++;
        }
    }
    printf("{\"hung\":%d,\"died\":%d,\"failed\":%d,\"reserved\":%d,\"errnoChanged\":%d}\n", hung, died,
           counts[FAILED] + (int)failed, counts[RESERVED], counts[CHANGED]);
    return 0;
}
