// starved FOLDER SYMBOL [LIBRARY]: loads FOLDER/0.so, 1.so ... until no room is left for thread-local variables that
// are addressed directly (static TLS), then calls the allocator; LIBRARY's, loaded only then, where one is named.
// Prints how many libraries found room, why the next did not, and the port.
#include "take.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
    int count = 0;
    char path[4096];

    if (argc < 3)
        return 9;
    do
        snprintf(path, sizeof path, "%s/%d.so", argv[1], count);
    while (dlopen(path, RTLD_NOW) && ++count);
    const char *reason = dlerror();
    printf("%d, then %s\n", count, strstr(reason, "static TLS") ? "no static TLS" : reason);
    if (argc == 3) {
        printf("%d\n", take(argv[2]));
        return 0;
    }
    void *library = dlopen(argv[3], RTLD_NOW);
    if (!library) {
        printf("%s\n", dlerror());
        return 0;
    }
    int (*allocate)(int, struct sockaddr_in *) = (int (*)(int, struct sockaddr_in *))dlsym(library, argv[2]);
    struct sockaddr_in address = {.sin_family = AF_INET};
    printf("%d\n", allocate(socket(AF_INET, SOCK_DGRAM, 0), &address) == 0 ? ntohs(address.sin_port) : -1);
    return 0;
}
