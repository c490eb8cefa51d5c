// A program for another ABI: does the loader still start it?
#include <stdio.h>

int main(void)
{
    return puts("hello") < 0;
}
