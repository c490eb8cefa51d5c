// Holds files mapped or loaded until it is killed, after it has said "ready".
//
//   map:FILE      mmap() it to run code from
//   read:FILE     mmap() it to read
//   now:LIBRARY   dlopen() it with RTLD_NOW
//   lazy:LIBRARY  with RTLD_LAZY
//   deep:LIBRARY  with RTLD_NOW and RTLD_DEEPBIND
//   apart:LIBRARY dlmopen() it into a new namespace
//   threads       end the first thread, and go on in another
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *hold(void *unused)
{
    printf("ready\n");
    fflush(stdout);
    for (;;)
        pause();
    return unused;
}

static int map(const char *file, int protection)
{
    const int fd = open(file, O_RDONLY);
    return fd >= 0 && mmap(NULL, 4096, protection, MAP_PRIVATE, fd, 0) != MAP_FAILED && close(fd) == 0;
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        const char *what = argv[i];
        const char *name = strchr(what, ':') ? strchr(what, ':') + 1 : "";
        int done = 0;

        if (strncmp(what, "map:", 4) == 0)
            done = map(name, PROT_READ | PROT_EXEC);
        else if (strncmp(what, "read:", 5) == 0)
            done = map(name, PROT_READ);
#ifndef NO_LOADER
        else if (strncmp(what, "now:", 4) == 0)
            done = dlopen(name, RTLD_NOW) != NULL;
        else if (strncmp(what, "lazy:", 5) == 0)
            done = dlopen(name, RTLD_LAZY) != NULL;
        else if (strncmp(what, "deep:", 5) == 0)
            done = dlopen(name, RTLD_NOW | RTLD_DEEPBIND) != NULL;
        else if (strncmp(what, "apart:", 6) == 0)
            done = dlmopen(LM_ID_NEWLM, name, RTLD_NOW) != NULL;
#endif
        else if (strcmp(what, "threads") == 0) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, hold, NULL) == 0)
                pthread_exit(NULL);
        }
        if (!done) {
            fprintf(stderr, "cannot do '%s'\n", what);
            return 1;
        }
    }
    hold(NULL);
}
