// The addon's functions, and how all of them report a refusal: an Error with a stable `code`.
#ifndef PR_ADDON_H
#define PR_ADDON_H

#include <napi.h>

#include <string>

// Throws an Error with this `code`: an errno name, or ERR_INVALID_ARG_VALUE.
[[noreturn]] void Refuse(Napi::Env env, const std::string &code, const std::string &message);

// Throws an Error named after `error`, an errno value, for the system call `call`.
[[noreturn]] void RefuseErrno(Napi::Env env, int error, const std::string &call);

Napi::Value EncodeTable(const Napi::CallbackInfo &info);
Napi::Value DecodeTable(const Napi::CallbackInfo &info);
Napi::Value LockFile(const Napi::CallbackInfo &info);
Napi::Value Execute(const Napi::CallbackInfo &info);
Napi::Value Attribute(const Napi::CallbackInfo &info);
Napi::Value Attributes(const Napi::CallbackInfo &info);
Napi::Value SetAttribute(const Napi::CallbackInfo &info);
Napi::Value HasReader(const Napi::CallbackInfo &info);
Napi::Value CloseOnExec(const Napi::CallbackInfo &info);
Napi::Value NewSessionKeyring(const Napi::CallbackInfo &info);
Napi::Value OpenProcess(const Napi::CallbackInfo &info);
Napi::Value SignalProcess(const Napi::CallbackInfo &info);
Napi::Value Sockets(const Napi::CallbackInfo &info);
Napi::Value EndSockets(const Napi::CallbackInfo &info);
Napi::Value ReadOtherSockets(const Napi::CallbackInfo &info);
Napi::Value ShareOtherSocket(const Napi::CallbackInfo &info);
Napi::Value ReadSmall(const Napi::CallbackInfo &info);
Napi::Value ReadCodeLines(const Napi::CallbackInfo &info);
Napi::Value ReadLink(const Napi::CallbackInfo &info);
Napi::Value Identity(const Napi::CallbackInfo &info);
Napi::Value LinksLike(const Napi::CallbackInfo &info);
Napi::Value FilesMarked(const Napi::CallbackInfo &info);
Napi::Value FilesStamped(const Napi::CallbackInfo &info);
Napi::Value SetEngineFlags(const Napi::CallbackInfo &info);
Napi::Value ReadAhead(const Napi::CallbackInfo &info);
Napi::Value TakeBatch(const Napi::CallbackInfo &info);

#endif
