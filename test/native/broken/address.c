// A control: reads what it has freed. AddressSanitizer must say so.
#include <stdlib.h>

static char *volatile bytes;

int main(void)
{
    bytes = calloc(8, 1);
    if (!bytes)
        return 1;
    free(bytes);
    return bytes[0];
}
