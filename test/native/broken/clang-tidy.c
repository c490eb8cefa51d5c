// A control for clang-tidy, one mistake for each family of checks: see scripts/analyse.mjs for what must be found.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char *const text = malloc(16);
    char name[8];

    // bugprone-suspicious-memset-usage: nothing is filled.
    memset(name, sizeof name, 0);
    // clang-analyzer-security.insecureAPI.strcpy
    strcpy(name, argv[0]);
    // cert-err34-c: nobody learns whether it was a number.
    argc += atoi(argv[0]);
    // misc-redundant-expression: always so.
    if (argc == argc)
        puts(name);
    // clang-analyzer-unix.Malloc: freed twice.
    free(text);
    free(text);
    return 0;
}
