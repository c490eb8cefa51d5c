// Sockets from words, for tests.
#ifndef MADE_H
#define MADE_H

#include <sys/socket.h>

socklen_t address_of(const char *text, const char *port, struct sockaddr_storage *ret);

// tcp|udp ADDRESS PORT [reuse] [reuseport] [v6only] [broadcast] [nowhere] [drop] [on=INTERFACE], up to a NULL, as a
// socket of which `use`, bind() or connect(), was called; with errno set where that is -1.
int made(char **words, int (*use)(int, const struct sockaddr *, socklen_t));

#endif
