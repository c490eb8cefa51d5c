// The kernel's own list of sockets, as sock-diag.h has it: how the question is put, and the answer taken apart.
#include "sock-diag.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static constexpr uint16_t LAST_PRIVILEGED = 1023;
static constexpr int TRIES = 5;

// A dump of one table, with a filter of one condition that the kernel applies.
struct Request {
    nlmsghdr header;
    inet_diag_req_v2 body;
    nlattr attribute;
    inet_diag_bc_op filter[2];
};
static_assert(sizeof(Request) == NLMSG_ALIGN(sizeof(Request)), "no padding at the end");
static_assert(offsetof(Request, filter) == offsetof(Request, attribute) + NLA_HDRLEN, "no padding inside");

static Request RequestFor(uint8_t protocol, uint8_t family, uint32_t sequence)
{
    constexpr uint16_t size = sizeof(Request::filter);
    Request request = {};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = sequence;
    request.body.sdiag_family = family;
    request.body.sdiag_protocol = protocol;
    request.body.idiag_states = UINT32_MAX; // bit 13, TCP_BOUND_INACTIVE, among them
    request.attribute.nla_len = NLA_HDRLEN + size;
    request.attribute.nla_type = INET_DIAG_REQ_BYTECODE;
    // "No" leads beyond the end, which is how these programs refuse.
    request.filter[0] = {INET_DIAG_BC_S_LE, size, size + sizeof(inet_diag_bc_op)};
    request.filter[1] = {0, 0, LAST_PRIVILEGED};
    return request;
}

// Takes one datagram apart. Gives 0 when more is to come, -1 at the end, or an errno value.
static int Read(const std::vector<char> &datagram, size_t size, uint32_t sequence, bool &interrupted,
                std::vector<inet_diag_msg> &found)
{
    for (size_t at = 0; size - at >= sizeof(nlmsghdr);) {
        const nlmsghdr *header = reinterpret_cast<const nlmsghdr *>(&datagram[at]);
        if (header->nlmsg_len < sizeof *header || header->nlmsg_len > size - at)
            return EBADMSG;
        const char *body = &datagram[at] + NLMSG_HDRLEN;
        const size_t length = header->nlmsg_len - NLMSG_HDRLEN;
        at += std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), size - at);
        if (header->nlmsg_seq != sequence)
            continue;
        interrupted = interrupted || (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
            // Both begin with an int: what the dump came to.
            const int status = length >= sizeof(int) ? *reinterpret_cast<const int *>(body) : 0;
            return status < 0 ? -status : header->nlmsg_type == NLMSG_DONE ? -1 : EBADMSG;
        }
        if (header->nlmsg_type == NLMSG_OVERRUN)
            interrupted = true;
        if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY && length >= sizeof(inet_diag_msg))
            found.push_back(*reinterpret_cast<const inet_diag_msg *>(body));
    }
    return 0;
}

// All of one table. Gives 0, or an errno value; EAGAIN for a list that changed under the kernel's hands.
static int Dump(int fd, uint8_t protocol, uint8_t family, uint32_t sequence, std::vector<inet_diag_msg> &found)
{
    const Request request = RequestFor(protocol, family, sequence);
    if (send(fd, &request, sizeof request, 0) != sizeof request)
        return errno;
    std::vector<char> datagram(1 << 16);
    for (bool interrupted = false;;) {
        const ssize_t got = recv(fd, datagram.data(), datagram.size(), MSG_TRUNC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? EBADMSG : errno == EAGAIN ? ETIMEDOUT : errno;
        if (static_cast<size_t>(got) > datagram.size())
            return EMSGSIZE;
        const int end = Read(datagram, static_cast<size_t>(got), sequence, interrupted, found);
        if (end != 0)
            return end > 0 ? end : interrupted ? EAGAIN : 0;
    }
}

int OpenSockDiag()
{
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    const timeval patience = {2, 0};
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

int DumpSockets(uint8_t protocol, uint8_t family, std::vector<inet_diag_msg> &found)
{
    int error = EAGAIN;
    for (int attempt = 1; error == EAGAIN && attempt <= TRIES; attempt++) {
        // A new one each time: what is left of an answer that was given up stays behind with the old one.
        const int fd = OpenSockDiag();
        if (fd < 0)
            return errno;
        found.clear();
        error = Dump(fd, protocol, family, static_cast<uint32_t>(attempt), found);
        close(fd);
    }
    const auto foreign = [family](const inet_diag_msg &socket) {
        const uint16_t port = ntohs(socket.id.idiag_sport);
        return socket.idiag_family != family || port == 0 || port > LAST_PRIVILEGED;
    };
    found.erase(std::remove_if(found.begin(), found.end(), foreign), found.end());
    return error;
}
