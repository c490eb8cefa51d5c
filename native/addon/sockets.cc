// The list of sockets as values: those with a privileged local port. Translation only.
#include "addon.h"
#include "sock-diag.h"

#include <arpa/inet.h>
#include <sys/socket.h>

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
    const int error = DumpSockets(protocol, family, found);
    if (error != 0)
        RefuseErrno(env, error, "sock_diag");
    Napi::Array rows = Napi::Array::New(env);
    for (const inet_diag_msg &socket : found)
        rows.Set(rows.Length(), Row(env, socket));
    return rows;
}
