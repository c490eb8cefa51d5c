// A control for gcc -fanalyzer: frees twice, and writes where there may be nothing. See scripts/analyse.mjs for what
// must be found.
#include <stdlib.h>

int main(int argc, char **argv)
{
    char *const memory = malloc(16);

    (void)argv;
    memory[0] = 1;
    if (argc > 1)
        free(memory);
    free(memory);
    return 0;
}
