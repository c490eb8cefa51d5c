// Takes a privileged UDP port as a daemon does and keeps it; at SIGUSR1, says which others it can get. With LAZY, it
// does nothing before the first SIGUSR1.
#include "holder.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    int sockets[1024];
    sigset_t wake;

    sigemptyset(&wake);
    sigaddset(&wake, SIGUSR1);
    sigprocmask(SIG_BLOCK, &wake, NULL);
#ifdef LAZY
    printf("holds nothing\n");
#else
    printf("holds %d\n", take(sockets));
#endif
    fflush(stdout);
    for (int signal; sigwait(&wake, &signal) == 0;) {
        int ports[600];
        int taken = 0;

        while (taken < 600 && (ports[taken] = take(sockets + taken)) > 0 && ports[taken] < 1024)
            taken++;
        // All are given back before it says so: the next one that is asked must find them free.
        for (int i = 0; i < taken; i++)
            close(sockets[i]);
        printf("can get");
        for (int i = 0; i < taken; i++)
            printf(" %d", ports[i]);
        printf("\n");
        fflush(stdout);
    }
    return 1;
}
