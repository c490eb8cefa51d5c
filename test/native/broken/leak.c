// A control: loses what it allocated. LeakSanitizer must say so.
#include <stdlib.h>

static void *volatile kept;

int main(void)
{
    kept = malloc(8);
    kept = NULL;
    return 0;
}
