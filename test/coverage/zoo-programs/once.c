// Takes one privileged port, says which, and ends.
#include "holder.h"

#include <stdio.h>

int main(void)
{
    int socket;

    printf("%d\n", take(&socket));
    return 0;
}
