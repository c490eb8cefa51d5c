// Port -> what a table's bits reserve it for.
#include "table.h"

unsigned pr_table_lookup(const struct pr_table_bits *bits, unsigned port)
{
    if (port >= PR_TABLE_PORTS)
        return 0;
    const unsigned tcp = (unsigned)bits->tcp[port / 8] >> port % 8 & 1u;
    const unsigned udp = (unsigned)bits->udp[port / 8] >> port % 8 & 1u;

    return tcp * PR_TABLE_TCP | udp * PR_TABLE_UDP;
}
