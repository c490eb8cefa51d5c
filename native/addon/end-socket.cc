// Ends sockets that no process has, such as those of the kernel's NFS client: to their users it is as if their
// connection had been reset. Translation only.
#include "addon.h"
#include "sock-diag.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace
{

struct Request {
    nlmsghdr header;
    inet_diag_req_v2 body;
};
static_assert(sizeof(Request) == NLMSG_ALIGN(sizeof(Request)), "no padding at the end");

// Gives 0, or an errno value: ENOENT where there is no such socket any more, EOPNOTSUPP where this kernel cannot do it.
// The cookie of the list names the very socket, whoever has its addresses by now.
int End(int fd, uint8_t protocol, const inet_diag_msg &socket, uint32_t sequence)
{
    Request request = {};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DESTROY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    request.header.nlmsg_seq = sequence;
    request.body.sdiag_family = socket.idiag_family;
    request.body.sdiag_protocol = protocol;
    request.body.idiag_states = 1U << socket.idiag_state;
    request.body.id = socket.id;
    if (send(fd, &request, sizeof request, 0) != sizeof request)
        return errno;
    for (;;) {
        alignas(nlmsghdr) char answer[1024];
        const ssize_t got = recv(fd, answer, sizeof answer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN ? ETIMEDOUT : errno;
        const nlmsghdr *header = reinterpret_cast<const nlmsghdr *>(answer);
        if (static_cast<size_t>(got) < NLMSG_HDRLEN + sizeof(int) || header->nlmsg_type != NLMSG_ERROR)
            return EBADMSG;
        if (header->nlmsg_seq == sequence)
            return -*reinterpret_cast<const int *>(answer + NLMSG_HDRLEN);
    }
}

Napi::Object Row(Napi::Env env, const inet_diag_msg &socket)
{
    char address[INET6_ADDRSTRLEN] = "", peer[INET6_ADDRSTRLEN] = "";
    inet_ntop(socket.idiag_family, socket.id.idiag_src, address, sizeof address);
    inet_ntop(socket.idiag_family, socket.id.idiag_dst, peer, sizeof peer);
    Napi::Object row = Napi::Object::New(env);
    row.Set("address", address);
    row.Set("peerAddress", peer);
    row.Set("peerPort", ntohs(socket.id.idiag_dport));
    row.Set("inode", socket.idiag_inode);
    return row;
}

// False for another value than a list of numbers.
bool Inodes(const Napi::Value &value, std::vector<uint32_t> &inodes)
{
    if (!value.IsArray())
        return false;
    const Napi::Array list = value.As<Napi::Array>();
    for (uint32_t i = 0; i < list.Length(); i++) {
        const Napi::Value one = list.Get(i);
        if (!one.IsNumber())
            return false;
        inodes.push_back(one.As<Napi::Number>().Uint32Value());
    }
    return true;
}

} // namespace

Napi::Value EndSockets(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    std::vector<uint32_t> inodes;
    if (!info[0].IsNumber() || !Inodes(info[1], inodes))
        Refuse(env, "ERR_INVALID_ARG_TYPE", "endSockets takes a port and a list of inodes");
    const int64_t port = info[0].As<Napi::Number>().Int64Value();
    Napi::Array rows = Napi::Array::New(env);
    for (const uint8_t family : {AF_INET, AF_INET6}) {
        std::vector<inet_diag_msg> found;
        int error = DumpSockets(IPPROTO_TCP, family, found);
        // A kernel without IPv6 has no such list.
        if (error != 0 && !(error == ENOENT && family == AF_INET6))
            RefuseErrno(env, error, "sock_diag");
        const int fd = OpenSockDiag();
        if (fd < 0)
            RefuseErrno(env, errno, "socket");
        uint32_t sequence = 0;
        error = 0;
        for (const inet_diag_msg &socket : found) {
            // Without an inode it is a connection that a listener has yet to accept, or one that ends by itself.
            const bool wanted =
                socket.idiag_inode != 0 && std::find(inodes.begin(), inodes.end(), socket.idiag_inode) != inodes.end();
            if (!wanted || ntohs(socket.id.idiag_sport) != port || socket.idiag_state == TCP_LISTEN)
                continue;
            error = End(fd, IPPROTO_TCP, socket, ++sequence);
            if (error == 0)
                rows.Set(rows.Length(), Row(env, socket));
            else if (error != ENOENT)
                break;
        }
        close(fd);
        if (error != 0 && error != ENOENT)
            RefuseErrno(env, error, "SOCK_DESTROY");
    }
    return rows;
}
