// The addon's entry: what src/core/native.ts declares, no more.
#include "addon.h"

#include "../table/table.h"

static Napi::Value Mark(Napi::Env env, const struct pr_table_mark &mark)
{
    return Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<const uint8_t *>(&mark), sizeof mark);
}

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
    exports.Set("tableSize", Napi::Number::New(env, PR_TABLE_SIZE));
    exports.Set("magic", Napi::Buffer<char>::Copy(env, PR_TABLE_MAGIC, sizeof PR_TABLE_MAGIC - 1));
    exports.Set("markOffset", Napi::Number::New(env, offsetof(struct pr_table, mark)));
    exports.Set("inForceMark", Mark(env, pr_table_in_force));
    exports.Set("retiredMark", Mark(env, pr_table_no_longer));
    exports.Set("encodeTable", Napi::Function::New(env, EncodeTable));
    exports.Set("decodeTable", Napi::Function::New(env, DecodeTable));
    exports.Set("lockFile", Napi::Function::New(env, LockFile));
    exports.Set("hasReader", Napi::Function::New(env, HasReader));
    exports.Set("attribute", Napi::Function::New(env, Attribute));
    exports.Set("attributes", Napi::Function::New(env, Attributes));
    exports.Set("setAttribute", Napi::Function::New(env, SetAttribute));
    exports.Set("newSessionKeyring", Napi::Function::New(env, NewSessionKeyring));
    exports.Set("closeOnExec", Napi::Function::New(env, CloseOnExec));
    exports.Set("execute", Napi::Function::New(env, Execute));
    exports.Set("openProcess", Napi::Function::New(env, OpenProcess));
    exports.Set("signalProcess", Napi::Function::New(env, SignalProcess));
    exports.Set("sockets", Napi::Function::New(env, Sockets));
    exports.Set("endSockets", Napi::Function::New(env, EndSockets));
    exports.Set("readOtherSockets", Napi::Function::New(env, ReadOtherSockets));
    exports.Set("shareOtherSocket", Napi::Function::New(env, ShareOtherSocket));
    exports.Set("readSmall", Napi::Function::New(env, ReadSmall));
    exports.Set("readCodeLines", Napi::Function::New(env, ReadCodeLines));
    exports.Set("readLink", Napi::Function::New(env, ReadLink));
    exports.Set("identity", Napi::Function::New(env, Identity));
    exports.Set("linksLike", Napi::Function::New(env, LinksLike));
    exports.Set("filesMarked", Napi::Function::New(env, FilesMarked));
    exports.Set("filesStamped", Napi::Function::New(env, FilesStamped));
    exports.Set("setEngineFlags", Napi::Function::New(env, SetEngineFlags));
    exports.Set("readAhead", Napi::Function::New(env, ReadAhead));
    exports.Set("takeBatch", Napi::Function::New(env, TakeBatch));
    return exports;
}

NODE_API_MODULE(portreserve, Init)
