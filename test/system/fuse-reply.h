// How the FUSE servers of tests answer the kernel.
#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What a question or an answer may take, in bytes.
enum { BUFFER = 256 * 1024 };

// Ends the server where the kernel does not take it; a question that is withdrawn is none.
static void reply(int device, unsigned long long unique, int error, const void *body, size_t size)
{
    static char message[BUFFER];
    struct fuse_out_header header = {.len = (unsigned)(sizeof header + size), .error = -error, .unique = unique};

    memcpy(message, &header, sizeof header);
    if (size > 0)
        memcpy(message + sizeof header, body, size);
    if (write(device, message, header.len) < 0 && errno != ENOENT)
        exit(1);
}
