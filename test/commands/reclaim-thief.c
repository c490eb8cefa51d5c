// Takes a port with bindresvport(), as daemons do, says which, and has it until there is a file of this name:
//   connect FILE PORT   from it to 127.0.0.1:PORT, to and fro all the time; says how much of it has come back
//   bound FILE · listen FILE · udp FILE
//   users FILE · network FILE   bound, and then in a user or network namespace of its own
//   adrift FILE PORT    connected, and then sent to a process that has not taken it yet, so that no process has it
//   open,
//                       as is so with the kernel's own; says what has become of it
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int is(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

static int go_on(int fd, const char *file)
{
    uint64_t sent = 0, back = 0;

    for (; access(file, F_OK) != 0; sent++) {
        if (send(fd, &sent, sizeof sent, MSG_NOSIGNAL) != sizeof sent)
            return fail("send");
        if (recv(fd, &back, sizeof back, MSG_WAITALL) != sizeof back)
            return fail("recv");
        if (back != sent)
            return fail("another number");
        usleep(500);
    }
    printf(sent > 0 && back == sent - 1 ? "all came back\n" : "some are lost\n");
    return 0;
}

// On its way through a pair of sockets, from the first to the second.
static void send_away(int fd, int pair[2])
{
    char byte = 0, room[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec some = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &some, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *const head = CMSG_FIRSTHDR(&message);

    *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || sendmsg(pair[0], &message, 0) != 1)
        exit(fail("sendmsg"));
    close(fd);
}

static int take_back(int pair[2])
{
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec some = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &some, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    int fd = -1;

    if (recvmsg(pair[1], &message, 0) != 1)
        return fail("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? fail("recv") : 0;
}

int main(int count, char **words)
{
    if (count < 3)
        return 2;
    const int fd = socket(AF_INET, is(words[1], "udp") ? SOCK_DGRAM : SOCK_STREAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET};

    if (bindresvport(fd, &own) != 0)
        return fail("bindresvport");
    if (is(words[1], "listen") && listen(fd, 5) != 0)
        return fail("listen");
    if (is(words[1], "users") && unshare(CLONE_NEWUSER) != 0)
        return fail("unshare");
    if (is(words[1], "network") && unshare(CLONE_NEWNET) != 0)
        return fail("unshare");
    if (count > 3) {
        const struct sockaddr_in to = {.sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)atoi(words[3])),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
            return fail("connect");
    }
    int pair[2];

    if (is(words[1], "adrift"))
        send_away(fd, pair);
    printf("has %d\n", ntohs(own.sin_port));
    fflush(stdout);
    if (is(words[1], "connect"))
        return go_on(fd, words[2]);
    while (access(words[2], F_OK) != 0)
        usleep(10000);
    return is(words[1], "adrift") ? take_back(pair) : 0;
}
