// Sockets by command, for tests: reads lines, does what each says, and answers it with one: ok, the errno of what
// failed, or a number. A socket has a name of one letter.
//   bind S tcp|udp ADDRESS PORT [reuse] [reuseport] [v6only] [broadcast] [on=INTERFACE]
//   try  tcp|udp ADDRESS PORT [...]      binds one, and closes it again
//   plain S tcp|udp ADDRESS PORT         as a program that knows nothing of flags: through bind(), which may be
//   another's listen S · accept S FROM · connect S tcp|udp ADDRESS PORT · close S · reset S (the same, without
//   TIME_WAIT) send S COUNT ADDRESS PORT            datagrams count S                              how many have come
//   refused S                            sends twice through a connected UDP socket: what the second says
//   storm tcp|udp ADDRESS PORT FILE      binds and closes until there is such a file: how often it had the port; makes
//                                        FILE.tcp or FILE.udp once it had
//   loop tcp|udp COUNT                   an allocator: bindresvport() until it has none, as often; how often it got
//   port 631
#include "made.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORDS = 16 };

static int sockets[256];

static const char *answer(int result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static void end(int name, int reset)
{
    const struct linger none = {.l_onoff = 1};

    if (reset)
        setsockopt(sockets[name], SOL_SOCKET, SO_LINGER, &none, sizeof none);
    if (sockets[name] >= 0)
        close(sockets[name]);
    sockets[name] = -1;
}

static const char *send_some(int fd, char **words)
{
    struct sockaddr_storage address;
    const socklen_t length = address_of(words[1], words[2], &address);
    ssize_t result = 0;

    for (int i = atoi(words[0]); result >= 0 && i > 0; i--)
        result = sendto(fd, "x", 1, 0, (struct sockaddr *)&address, length);
    return answer((int)result);
}

static const char *join(int fd, char **words)
{
    struct sockaddr_storage address;
    const socklen_t length = address_of(words[0], words[1], &address);

    return answer(connect(fd, (struct sockaddr *)&address, length));
}

static const char *refused(int fd)
{
    (void)!send(fd, "x", 1, 0);
    usleep(20000);
    return answer((int)send(fd, "x", 1, 0));
}

static int count(int fd)
{
    char byte;
    int had = 0;

    usleep(20000);
    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        had++;
    return had;
}

static int storm(char **words)
{
    const char *const file = words[3];
    char success[512];
    int had = 0, is_said = 0;

    snprintf(success, sizeof success, "%s.%s", file, words[0]);
    words[3] = NULL;
    while (access(file, F_OK) != 0) {
        for (int i = 0; i < 100; i++) {
            const int fd = made(words, bind);

            had += fd >= 0;
            if (fd >= 0)
                close(fd);
        }
        if (had > 0 && !is_said)
            is_said = close(creat(success, 0644)) == 0;
    }
    return had;
}

// Every port that bindresvport() gives, until it has none; how often one of them was 631.
static int thefts(const char *protocol, int rounds)
{
    extern int bindresvport(int, struct sockaddr_in *);
    static int taken[1024];
    int stolen = 0;

    for (int round = 0; round < rounds; round++) {
        size_t had = 0;

        for (; had < 1024; had++) {
            struct sockaddr_in address = {.sin_family = AF_INET};
            socklen_t length = sizeof address;

            taken[had] = socket(AF_INET, (protocol[0] == 't' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
            if (bindresvport(taken[had], &address) != 0)
                break;
            getsockname(taken[had], (struct sockaddr *)&address, &length);
            stolen += ntohs(address.sin_port) == 631;
        }
        for (size_t i = 0; i <= had && i < 1024; i++)
            close(taken[i]);
    }
    return stolen;
}

static int is(char **words, const char *command)
{
    return strcmp(words[0], command) == 0;
}

static void obey(char **words)
{
    const int name = words[1] ? (unsigned char)words[1][0] : 0;
    int *const fd = &sockets[is(words, "try") ? 0 : name];

    if (is(words, "bind"))
        puts(answer(*fd = made(words + 2, bind)));
    else if (is(words, "connect"))
        puts(answer(*fd = made(words + 2, connect)));
    else if (is(words, "try")) {
        *fd = made(words + 1, bind);
        puts(answer(*fd));
        end(0, 0);
    } else if (is(words, "join"))
        puts(join(*fd, words + 2));
    else if (is(words, "listen"))
        puts(answer(listen(*fd, 5)));
    else if (is(words, "accept"))
        puts(answer(*fd = accept(sockets[(unsigned char)words[2][0]], NULL, NULL)));
    else if (is(words, "close") || is(words, "reset")) {
        end(name, words[0][0] == 'r');
        puts("ok");
    } else if (is(words, "send"))
        puts(send_some(*fd, words + 2));
    else if (is(words, "count"))
        printf("%d\n", count(*fd));
    else if (is(words, "refused"))
        puts(refused(*fd));
    else if (is(words, "storm"))
        printf("%d\n", storm(words + 1));
    else if (is(words, "loop"))
        printf("%d\n", thefts(words[1], atoi(words[2])));
    else
        abort();
    fflush(stdout);
}

int main(void)
{
    char line[256];

    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++)
        sockets[i] = -1;
    while (fgets(line, sizeof line, stdin)) {
        char *words[WORDS + 1] = {NULL}, *rest = line;

        for (size_t i = 0; i < WORDS && (words[i] = strtok_r(rest, " \n", &rest)) != NULL; i++)
            ;
        if (words[0])
            obey(words);
    }
    return 0;
}
