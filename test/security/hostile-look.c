// A process that is made to spoil a look at it, until it is killed; says "ready" first: `hostile-look WHAT FILE…`.
//
//   table TABLE              has a table mapped, and never touches it
//   huge TABLE SHIM LENGTH   the same, and runs the shim's code, of which it has mapped LENGTH bytes to read
//   list SHIM SHIM ADDRESS   runs the code of two shims, and the loader's list of its libraries goes on at ADDRESS
//   page SHIM SHIM FILE      the same, and the list goes on in FILE
//   begun COUNT PROGRAM      so many processes have started a program, and never come to its first instruction
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void *map(const char *file, size_t length, int protection)
{
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    void *const ret = mmap(NULL, length, protection, MAP_PRIVATE | MAP_NORESERVE, fd, 0);

    if (ret == MAP_FAILED) {
        perror(file);
        exit(1);
    }
    return ret;
}

int main(int argc, char *argv[])
{
    const char *const what = argc < 3 ? "" : argv[1];
    struct link_map *next = NULL;

    if (strcmp(what, "table") == 0)
        map(argv[2], 4096, PROT_READ);
    else if (argc == 4 && strcmp(what, "begun") == 0) {
        for (int left = atoi(argv[2]); left > 0; left--) {
            const pid_t child = fork();

            // Who is traced stops when it has become another program.
            if (child == 0 && ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
                execl(argv[3], argv[3], (char *)NULL);
            if (child <= 0 || waitpid(child, NULL, 0) != child)
                _exit(1);
        }
    } else if (argc < 5)
        return 2;
    else if (strcmp(what, "huge") == 0) {
        map(argv[2], 4096, PROT_READ);
        map(argv[3], 4096, PROT_READ | PROT_EXEC);
        map(argv[3], strtoull(argv[4], NULL, 0), PROT_READ);
    } else {
        map(argv[2], 4096, PROT_READ | PROT_EXEC);
        map(argv[3], 4096, PROT_READ | PROT_EXEC);
        next =
            strcmp(what, "list") == 0 ? (struct link_map *)strtoull(argv[4], NULL, 0) : map(argv[4], 4096, PROT_READ);
    }
    puts("ready");
    fflush(stdout);
    if (next != NULL)
        _r_debug.r_map->l_next = next;
    for (;;)
        pause();
}
