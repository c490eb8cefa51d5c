// What the programs that Node starts inherit, and exec(3) in the place of this one: system calls that Node lacks.
// Translation only.
#include "addon.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

// Node marks only the first descriptors that it was given: what is beyond a gap would be open in every program.
Napi::Value CloseOnExec(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    DIR *const folder = opendir("/proc/self/fd");
    if (folder == nullptr)
        RefuseErrno(env, errno, "opendir");
    while (const dirent *const entry = readdir(folder)) {
        const int fd = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
        if (fd > 2)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    closedir(folder);
    return env.Undefined();
}

// For this thread, from which Node forks, and so for every program that is started from then on.
Napi::Value NewSessionKeyring(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0)
        RefuseErrno(env, errno, "keyctl");
    return env.Undefined();
}

// A string's UTF-8, or a buffer's bytes as they are: what a command is given need not be text.
static std::string Bytes(Napi::Env env, const Napi::Value &value)
{
    if (value.IsString())
        return value.As<Napi::String>().Utf8Value();
    if (!value.IsBuffer())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "a command's arguments must be strings or buffers");
    const Napi::Buffer<char> buffer = value.As<Napi::Buffer<char>>();
    return std::string(buffer.Data(), buffer.Length());
}

static std::string Target(int fd)
{
    char target[64] = "";
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    return readlink(link.c_str(), target, sizeof target - 1) > 0 ? target : "";
}

// At its start Node marks every descriptor it was given, the standard ones included, to be closed by exec(). The
// command gets them back, so that redirections and socket activation work. What Node opened itself stays behind:
// event loops, and pipes of which both ends are here.
static void HandOnDescriptors()
{
    std::vector<std::string> targets;
    targets.reserve(256);
    for (int fd = 0; fd < 256; fd++)
        targets.push_back(Target(fd));
    for (int fd = 0; fd < 256; fd++) {
        const std::string &what = targets[fd];
        const bool pair = what.rfind("pipe:", 0) == 0 && std::count(targets.begin() + 3, targets.end(), what) > 1;
        if (fd < 3 || (!what.empty() && what.rfind("anon_inode:", 0) != 0 && !pair))
            fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
    }
}

Napi::Value Execute(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsArray() || !info[1].IsObject())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "execute takes a command and the variables to set");
    const Napi::Array command = info[0].As<Napi::Array>();
    std::vector<std::string> arguments;
    for (uint32_t i = 0; i < command.Length(); i++)
        arguments.push_back(Bytes(env, command.Get(i)));
    if (arguments.empty())
        Refuse(env, "ERR_INVALID_ARG_VALUE", "execute takes a command");
    std::vector<char *> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string &argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    const Napi::Object variables = info[1].As<Napi::Object>();
    const Napi::Array names = variables.GetPropertyNames();
    for (uint32_t i = 0; i < names.Length(); i++)
        setenv(Bytes(env, names.Get(i)).c_str(), Bytes(env, variables.Get(names.Get(i))).c_str(), 1);

    // The two signals that Node ignores; it has set all others to their defaults.
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    HandOnDescriptors();
    execvp(argv[0], argv.data());

    const int failure = errno;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    RefuseErrno(env, failure, "exec");
}
