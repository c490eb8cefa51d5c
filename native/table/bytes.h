// Little-endian integers in byte arrays, for the table's own files. One load or store on the usual machines.
#ifndef PR_TABLE_BYTES_H
#define PR_TABLE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t pr_load32(const unsigned char bytes[4])
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return le32toh(value);
}

static inline void pr_store32(unsigned char bytes[4], uint32_t value)
{
    value = htole32(value);
    memcpy(bytes, &value, sizeof value);
}

#endif
