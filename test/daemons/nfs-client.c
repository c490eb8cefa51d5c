// Mounts by NFS version 3 over TCP as a client in user space does, from a port that bindresvport() gives, and asks for
// the attributes of what it has mounted. Says of each connection whether its port is privileged, and what the server
// answered:
//   nfs-client MOUNTD-PORT PATH
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOUNT = 100005, NFS = 100003, MNT = 1, GETATTR = 1, AUTH_UNIX = 1, DENIED = 1, WORDS = 256 };

static uint32_t message[WORDS];
static size_t filled;

static void put(uint32_t word)
{
    message[filled++] = htonl(word);
}

static void put_bytes(const void *bytes, size_t size)
{
    put((uint32_t)size);
    memset(message + filled, 0, size + 4);
    memcpy(message + filled, bytes, size);
    filled += (size + 3) / 4;
}

static void begin(uint32_t program, uint32_t procedure)
{
    filled = 1; // the length comes first, when it is known
    const uint32_t head[] = {4711, 0, 2, program, 3, procedure, AUTH_UNIX, 20, 0, 0, 0, 0, 0, 0, 0};

    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        put(head[i]);
}

static int connected(unsigned short port)
{
    struct sockaddr_in own = {.sin_family = AF_INET}, server = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bindresvport(fd, &own) != 0 || connect(fd, (struct sockaddr *)&server, sizeof server) != 0) {
        perror("nfs-client");
        exit(1);
    }
    printf("from a %s port\n", ntohs(own.sin_port) < 1024 ? "privileged" : "high");
    return fd;
}

// Sends what was put together, and leaves the results behind their status in the message. False: the server did not
// look.
static int call(unsigned short port, const char *what)
{
    const int fd = connected(port);
    uint32_t size;

    message[0] = htonl(0x80000000u | (uint32_t)(4 * (filled - 1)));
    if (send(fd, message, 4 * filled, 0) < 0 || recv(fd, &size, 4, MSG_WAITALL) != 4) {
        printf("%s: no answer\n", what);
        return 0;
    }
    size = ntohl(size) & 0x7fffffff;
    memset(message, 0, sizeof message);
    if (size > sizeof message || recv(fd, message, size, MSG_WAITALL) != (ssize_t)size)
        exit(1);
    close(fd);
    if (ntohl(message[2]) == DENIED) {
        printf("%s: denied, AUTH error %u\n", what, ntohl(message[4]));
        return 0;
    }
    printf("%s: status %u\n", what, ntohl(message[6]));
    return ntohl(message[6]) == 0;
}

int main(int argc, char **argv)
{
    char handle[64];

    if (argc != 3)
        return 2;
    begin(MOUNT, MNT);
    put_bytes(argv[2], strlen(argv[2]));
    if (!call((unsigned short)atoi(argv[1]), "mount"))
        return 0;
    const size_t size = ntohl(message[7]);
    if (size > sizeof handle)
        return 1;
    memcpy(handle, message + 8, size);
    begin(NFS, GETATTR);
    put_bytes(handle, size);
    call(2049, "getattr");
    return 0;
}
