// The table codec for TypeScript: the same C that the shim is built from. Translation only.
#include "addon.h"

#include "../table/table.h"

#include <vector>

static void AddPorts(Napi::Env env, const Napi::Value &ports, uint16_t protocol, std::vector<pr_table_entry> &entries)
{
    if (!ports.IsArray())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "ports must be an array");
    const Napi::Array array = ports.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); i++) {
        const Napi::Value port = array.Get(i);
        const double value = port.IsNumber() ? port.As<Napi::Number>().DoubleValue() : -1;
        if (!(value >= 0 && value < PR_TABLE_PORTS) || value != static_cast<uint16_t>(value))
            Refuse(env, "ERR_OUT_OF_RANGE", "a port must be a whole number from 0 to 1023");
        entries.push_back({static_cast<uint16_t>(value), protocol});
    }
}

Napi::Value EncodeTable(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsObject())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "a table's content must be an object");
    const Napi::Object content = info[0].As<Napi::Object>();
    const Napi::Value digest = content.Get("digest"), generation = content.Get("generation");
    bool lossless = false;
    const uint64_t count = generation.IsBigInt() ? generation.As<Napi::BigInt>().Uint64Value(&lossless) : 0;
    if (!lossless)
        Refuse(env, "ERR_OUT_OF_RANGE", "generation must be a bigint of 64 bits without sign");
    if (!digest.IsTypedArray() || digest.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array ||
        digest.As<Napi::Uint8Array>().ByteLength() != PR_TABLE_DIGEST_SIZE)
        Refuse(env, "ERR_OUT_OF_RANGE", "digest must be 32 bytes");

    std::vector<pr_table_entry> entries;
    AddPorts(env, content.Get("tcp"), PR_TABLE_TCP, entries);
    AddPorts(env, content.Get("udp"), PR_TABLE_UDP, entries);
    struct pr_table table;
    if (pr_table_build(entries.data(), entries.size(), count, digest.As<Napi::Uint8Array>().Data(), &table) != 0)
        Refuse(env, "ERR_OUT_OF_RANGE", "these ports do not fit a table");
    return Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<const uint8_t *>(&table), sizeof table);
}

// In the order of enum pr_table_status.
static const char *const faults[] = {nullptr, "short", "long", "foreign", "future", "damaged"};
static_assert(PR_TABLE_DAMAGED + 1 == sizeof faults / sizeof *faults, "every status has its name");

static Napi::Array ReservedPorts(Napi::Env env, const struct pr_table *table, unsigned protocol)
{
    const Napi::Array ports = Napi::Array::New(env);
    uint32_t count = 0;
    for (unsigned port = 0; port < PR_TABLE_PORTS; port++)
        if (pr_table_lookup(&table->bits, port) & protocol)
            ports.Set(count++, Napi::Number::New(env, port));
    return ports;
}

Napi::Value DecodeTable(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
        Refuse(env, "ERR_INVALID_ARG_TYPE", "a table's bytes must be a Uint8Array");
    const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();

    Napi::Object result = Napi::Object::New(env);
    const struct pr_table *table = nullptr;
    const char *fault = faults[pr_table_view(bytes.Data(), bytes.ByteLength(), &table)];
    if (fault) {
        result.Set("fault", fault);
        return result;
    }
    Napi::Object view = Napi::Object::New(env);
    view.Set("generation", Napi::BigInt::New(env, pr_table_generation(table)));
    view.Set("retired", pr_table_retired(table) != 0);
    view.Set("digest", Napi::Buffer<uint8_t>::Copy(env, table->digest, sizeof table->digest));
    view.Set("tcp", ReservedPorts(env, table, PR_TABLE_TCP));
    view.Set("udp", ReservedPorts(env, table, PR_TABLE_UDP));
    result.Set("table", view);
    return result;
}
