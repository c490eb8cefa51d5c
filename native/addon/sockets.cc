// The kernel's own list of sockets (NETLINK_SOCK_DIAG): those with a privileged local port. Translation only.
#include "addon.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

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

static Napi::Object Row(Napi::Env env, const inet_diag_msg &socket)
{
    char address[INET6_ADDRSTRLEN] = "";
    inet_ntop(socket.idiag_family, socket.id.idiag_src, address, sizeof address);
    Napi::Object row = Napi::Object::New(env);
    row.Set("address", address);
    row.Set("port", ntohs(socket.id.idiag_sport));
    row.Set("state", socket.idiag_state);
    row.Set("uid", socket.idiag_uid);
    row.Set("inode", socket.idiag_inode);
    return row;
}

Napi::Value Sockets(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsString() || !info[1].IsString())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "sockets takes a protocol and an address family");
    const uint8_t protocol = info[0].As<Napi::String>().Utf8Value() == "udp" ? IPPROTO_UDP : IPPROTO_TCP;
    const uint8_t family = info[1].As<Napi::String>().Utf8Value() == "inet6" ? AF_INET6 : AF_INET;

    std::vector<inet_diag_msg> found;
    int error = EAGAIN;
    for (int attempt = 1; error == EAGAIN && attempt <= TRIES; attempt++) {
        // A new one each time: what is left of an answer that was given up stays behind with the old one.
        const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        if (fd < 0)
            RefuseErrno(env, errno, "socket");
        const timeval patience = {2, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        found.clear();
        error = Dump(fd, protocol, family, static_cast<uint32_t>(attempt), found);
        close(fd);
    }
    if (error != 0)
        RefuseErrno(env, error, "sock_diag");

    Napi::Array rows = Napi::Array::New(env);
    for (const inet_diag_msg &socket : found) {
        const uint16_t port = ntohs(socket.id.idiag_sport);
        if (socket.idiag_family == family && port > 0 && port <= LAST_PRIVILEGED)
            rows.Set(rows.Length(), Row(env, socket));
    }
    return rows;
}
