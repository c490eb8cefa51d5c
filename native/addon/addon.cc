// The addon's entry: what src/core/native.ts declares, no more.
#include "addon.h"

#include "../table/table.h"

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
    exports.Set("tableSize", Napi::Number::New(env, PR_TABLE_SIZE));
    exports.Set("inForceOffset", Napi::Number::New(env, offsetof(struct pr_table, in_force)));
    exports.Set("inForceSize", Napi::Number::New(env, sizeof(pr_table::in_force)));
    exports.Set("encodeTable", Napi::Function::New(env, EncodeTable));
    exports.Set("decodeTable", Napi::Function::New(env, DecodeTable));
    exports.Set("lockFile", Napi::Function::New(env, LockFile));
    exports.Set("execute", Napi::Function::New(env, Execute));
    return exports;
}

NODE_API_MODULE(portreserve, Init)
