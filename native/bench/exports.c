// The shim's exports and nothing behind them: the least that a library can cost which replaces these functions.
#define EXPORT __attribute__((visibility("default")))

EXPORT extern const char portreserve_shim[];
EXPORT const char portreserve_shim[] = "";

#define REPLACED(name)                                                                                                 \
    EXPORT int name(void);                                                                                             \
    EXPORT int name(void)                                                                                              \
    {                                                                                                                  \
        return -1;                                                                                                     \
    }

REPLACED(bindresvport)
REPLACED(bindresvport_sa)
REPLACED(gssrpc_bindresvport)
REPLACED(gssrpc_bindresvport_sa)
REPLACED(rresvport)
REPLACED(rresvport_af)
