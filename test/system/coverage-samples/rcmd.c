// Reaches a hidden allocator of glibc through rcmd().
#include <netdb.h>
#include <stddef.h>

int main(void)
{
    char *host = NULL;
    return rcmd(&host, 514, "a", "b", "true", NULL) < 0;
}
