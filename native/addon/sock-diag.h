// The kernel's own list of sockets (NETLINK_SOCK_DIAG), for what shows it and what ends some of it.
#ifndef PR_SOCK_DIAG_H
#define PR_SOCK_DIAG_H

#include <linux/inet_diag.h>

#include <cstdint>
#include <vector>

// A socket for these questions, which gives up after two seconds without an answer; -1 with errno.
int OpenSockDiag();

// Every socket of one protocol and family, in any state, with a local port of 1 to 1023. Gives 0, or an errno value;
// EAGAIN for a list that has changed under the kernel's hands in each of five attempts.
int DumpSockets(uint8_t protocol, uint8_t family, std::vector<inet_diag_msg> &found);

#endif
