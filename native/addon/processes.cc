// A process by a descriptor, which never comes to mean another one: pidfd_open(2). Translation only.
#include "addon.h"

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

// By number: libc has had wrappers for them only since glibc 2.36.
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

Napi::Value OpenProcess(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "openProcess takes a process id");
    const long fd = syscall(SYS_pidfd_open, info[0].As<Napi::Number>().Int32Value(), 0U);
    if (fd < 0)
        RefuseErrno(env, errno, "pidfd_open");
    return Napi::Number::New(env, static_cast<double>(fd));
}

Napi::Value SignalProcess(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsNumber() || !info[1].IsNumber())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "signalProcess takes a descriptor of openProcess and a signal number");
    const int fd = info[0].As<Napi::Number>().Int32Value();
    const int signal = info[1].As<Napi::Number>().Int32Value();
    if (syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0U) != 0)
        RefuseErrno(env, errno, "pidfd_send_signal");
    return env.Undefined();
}
