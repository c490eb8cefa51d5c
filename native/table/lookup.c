// Port -> what the table reserves it for.
#include "table.h"

unsigned pr_table_lookup(const struct pr_table *table, unsigned port)
{
    if (port >= PR_TABLE_PORTS)
        return 0;
    const unsigned tcp = (unsigned)table->tcp[port / 8] >> port % 8 & 1u;
    const unsigned udp = (unsigned)table->udp[port / 8] >> port % 8 & 1u;

    return tcp * PR_TABLE_TCP | udp * PR_TABLE_UDP;
}
